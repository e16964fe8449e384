"""`plainwire talk`: a line in, a message out; answers are printed. Works in a pipe."""

from __future__ import annotations

import json
import sys
import threading
from typing import Any

import click

from plainwire import i18n
from plainwire.cli.serve import refuse
from plainwire.i18n import gettext as _


def to_message(line: str, codec: str) -> Any:
    """Turn a line of input into a message of the codec."""
    last = codec.rpartition("|")[2].strip()
    if last.startswith("json"):
        return json.loads(line)
    return line if last.startswith("text") else line.encode()


def to_line(message: Any) -> str:
    """Turn a message into a line of output; bytes that are no text are escaped."""
    if isinstance(message, bytes):
        return message.decode("utf-8", "backslashreplace")
    return message if isinstance(message, str) else json.dumps(message, ensure_ascii=False)


@click.command()
@click.argument("address")
@click.option("--frames", "codec", default="lines", show_default=True,
              help="What messages are: length:4, lines, netstring, lines|json ...")  # fmt: skip
@click.option("--tls", type=click.Path(exists=True, dir_okay=False),
              help="PEM file of the roots to trust, for tls:// and wss://.")  # fmt: skip
@click.option("--timeout", type=click.FloatRange(0), default=10.0, show_default=True,
              help="Seconds for the connection, and for the answers after the input.")  # fmt: skip
def talk(address: str, codec: str, tls: str | None, timeout: float) -> None:
    """Talk to the server at ADDRESS: each line of input is a message, answers are printed."""
    from plainwire.errors import PlainwireError
    from plainwire.frames.parse import parse_codec
    from plainwire.transports.connect import connect

    i18n.select()
    try:
        peer = connect(address, parse_codec(codec), tls=tls, timeout=timeout).open()
    except PlainwireError as error:
        refuse(error)
    failed: list[PlainwireError] = []

    def show() -> None:
        try:
            for message in peer:
                click.echo(to_line(message))
        except PlainwireError as error:
            failed.append(error)

    reader = threading.Thread(target=show, daemon=True)
    reader.start()
    try:
        for number, line in enumerate(sys.stdin, 1):
            try:
                message = to_message(line.rstrip("\r\n"), codec)
            except ValueError as error:
                refuse(_("line {number} of the input: {error}").format(number=number, error=error))
            peer.send(message)
        peer.send_eof()
        reader.join(timeout)
    except PlainwireError as error:
        refuse(error)
    except KeyboardInterrupt:
        pass
    finally:
        peer.abort() if reader.is_alive() else peer.close()
    if failed and not reader.is_alive():
        refuse(failed[0])
