"""`plainwire serve`: a handler of yours, or a ready-made one, at an address."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any, NoReturn

import click

from plainwire import i18n
from plainwire.i18n import gettext as _


def refuse(text: object) -> NoReturn:
    """Say one clear line and end with status 2."""
    click.echo(f"plainwire: {text}", err=True)
    raise SystemExit(2)


def load_handler(name: str) -> Any:
    """Find `echo`, `time`, `broadcast`, or MODULE:HANDLER in the current folder or path."""
    if ":" not in name:
        from plainwire.servers import ready

        if name not in ready.READY:
            text = _("handler {name} is neither MODULE:HANDLER nor one of {known}")
            refuse(text.format(name=repr(name), known=", ".join(ready.READY)))
        return ready.READY[name]
    module_name, _colon, attribute = name.partition(":")
    sys.path.insert(0, os.getcwd())
    try:
        found: Any = importlib.import_module(module_name)
        for part in attribute.split("."):
            found = getattr(found, part)
    except Exception as error:
        # The module is the user's, and may fail in any way; its place is what helps.
        refuse(_("handler {name}: {error}").format(name=repr(name), error=_failure(error)))
    if not callable(found):
        text = _("handler {name} is a {kind}, not a function")
        refuse(text.format(name=repr(name), kind=type(found).__name__))
    return found


def _failure(error: Exception) -> str:
    """One line for what the import of a module raised, with the line that raised it."""
    if isinstance(error, ImportError | AttributeError | ValueError | SyntaxError):
        return str(error)
    trace = error.__traceback__
    while trace is not None and trace.tb_next is not None:
        trace = trace.tb_next
    place = f" ({trace.tb_frame.f_code.co_filename}:{trace.tb_lineno})" if trace else ""
    return f"{type(error).__name__}: {error}{place}"


@click.command()
@click.argument("handler")
@click.option("--at", "address", default="tcp://127.0.0.1:7000", show_default=True,
              help="Where to listen; port 0 lets the system choose.")  # fmt: skip
@click.option("--frames", "codec", default="lines", show_default=True,
              help="What messages are: length:4, lines, netstring, lines|json ...")  # fmt: skip
@click.option("--model", type=click.Choice(["serial", "threads", "processes", "loop"]),
              default="loop", show_default=True, help="Who calls the handler.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Threads or processes at most.")
@click.option("--drain", type=click.FloatRange(0), default=10.0, show_default=True,
              help="Seconds that clients get to finish at the end.")  # fmt: skip
@click.option("--tls", type=click.Path(exists=True, dir_okay=False),
              help="PEM file with key and certificates, for tls:// and wss://.")  # fmt: skip
def serve(
    handler: str, address: str, codec: str, model: Any, workers: int | None, drain: float,
    tls: str | None,
) -> None:  # fmt: skip
    """Serve HANDLER, which is MODULE:FUNCTION, or one of echo, time, broadcast.

    Ends at Ctrl-C or SIGTERM, after the clients have finished their messages.
    """
    from plainwire.address import Address
    from plainwire.errors import PlainwireError
    from plainwire.frames.parse import parse_codec
    from plainwire.servers.base import Task
    from plainwire.servers.serve import make_server, run_until_signal
    from plainwire.transports.limits import Limits

    i18n.select()
    function = load_handler(handler)
    try:
        task = Task(
            function, Address.parse(address), parse_codec(codec), Limits(), drain_seconds=drain,
            workers=workers, tls=tls,
        )  # fmt: skip
        server = make_server(task, model)

        def tell() -> None:
            text = _("serving {handler} at {address} ({codec}, {model})")
            values = {"handler": handler, "address": server.address, "codec": codec}
            click.echo(text.format(**values, model=model), err=True)

        run_until_signal(server, tell)
    except PlainwireError as error:
        refuse(error)
    counts = server.statistics()
    text = _("served {connections} connections, {messages} messages")
    click.echo(text.format(connections=counts.accepted, messages=counts.messages), err=True)
