"""`plainwire chat`: serve a chat, join one, or write a room's history to a file."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import secrets
import signal
import socket
import sys
import threading
from pathlib import Path
from typing import Any

import click

from plainwire.cli.serve import refuse

LOCAL = ("127.0.0.1", "::1", "localhost")


def data_folder() -> Path:
    """Where a chat keeps its messages by default (XDG base directories)."""
    base = os.environ.get("XDG_DATA_HOME") or Path.home() / ".local" / "share"
    return Path(base) / "plainwire" / "chat"


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def chat() -> None:
    """A chat for your own network: terminal and browser, rooms, history, files."""


@chat.command("serve")
@click.option("--host", default="127.0.0.1", show_default=True,
              help="Where to listen; 0.0.0.0 is the whole network.")  # fmt: skip
@click.option("--port", type=click.IntRange(0, 65535), default=7070, show_default=True,
              help="Of the framed TCP door; 0 lets the system choose.")  # fmt: skip
@click.option("--web-port", type=click.IntRange(0, 65535), default=8080, show_default=True,
              help="Of the page; 0 lets the system choose.")  # fmt: skip
@click.option("--data", type=click.Path(file_okay=False, path_type=Path),
              help="Folder of messages and files.")  # fmt: skip
@click.option("--memory", is_flag=True, help="Keep messages in memory only.")
@click.option("--password", envvar="PLAINWIRE_CHAT_PASSWORD", help="That everybody must know.")
@click.option("--open", "is_open", is_flag=True, help="Off loopback, let anybody in.")
@click.option("--tls-cert", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-key", type=click.Path(exists=True, dir_okay=False))
@click.option("--tls-self-signed", is_flag=True, help="Make a certificate on the spot.")
@click.option("--model", type=click.Choice(["loop", "processes"]), default="loop",
              show_default=True, help="One process, or several.")  # fmt: skip
@click.option("--workers", type=click.IntRange(1), help="Processes; one per CPU by default.")
@click.option("--operator", "masters", multiple=True,
              help="A registered name that is operator everywhere.")  # fmt: skip
@click.option("--name", default="Plainwire", show_default=True, help="Shown in the page.")
@click.option("--json", "as_json", is_flag=True, help="Print the addresses as one JSON line.")
@click.option("--log", metavar="FILE",
              help="Append what happens as JSON lines; - is standard error.")  # fmt: skip
def serve(**options: Any) -> None:
    """Serve a chat until Ctrl-C or SIGTERM; with no options, on this machine only."""
    import tempfile

    from plainwire.chat.journal import write_to
    from plainwire.errors import PlainwireError

    _check_exposure(options)
    with tempfile.TemporaryDirectory(prefix="plainwire-chat-") as scratch:
        folder = options["data"] or (Path(scratch) if options["memory"] else data_folder())
        try:
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            if options["log"]:
                write_to(options["log"])
            server = _make_server(options, folder).start()
        except (PlainwireError, OSError) as error:
            refuse(error)
        _tell_addresses(options, server)
        _wait(server)


def _check_exposure(options: dict[str, Any]) -> None:
    if bool(options["tls_cert"]) != bool(options["tls_key"]):
        refuse("--tls-cert and --tls-key are given together")
    if options["memory"] and options["model"] == "processes":
        refuse("--memory keeps messages in one process; --model processes shares a file")
    if options["host"] in LOCAL or options["password"] or options["is_open"]:
        return
    refuse(
        f"--host {options['host']} is open to the network: give --password WORD, or --open to "
        "let anybody in; --tls-self-signed encrypts"
    )


def _make_server(options: dict[str, Any], folder: Path) -> Any:
    from plainwire.address import Address
    from plainwire.chat.bounds import Settings
    from plainwire.chat.certificate import make_certificate
    from plainwire.chat.server import ChatServer, Plan
    from plainwire.chat.workers import Supervisor

    tls: Any = None
    if options["tls_self_signed"]:
        path, fingerprint = make_certificate(folder)
        tls = (path, path)
        click.echo(f"certificate {path}, SHA-256 {fingerprint}", err=True)
    elif options["tls_cert"]:
        tls = (options["tls_cert"], options["tls_key"])
    settings = Settings(name=options["name"], password=options["password"] or "",
                        masters=options["masters"])  # fmt: skip
    plan = Plan(
        Address("tls" if tls else "tcp", options["host"], options["port"]),
        Address("wss" if tls else "ws", options["host"], options["web_port"]),
        folder, settings, tls, log=options["log"],
    )  # fmt: skip
    if options["model"] == "processes":
        return Supervisor(plan, options["workers"] or os.cpu_count() or 1)
    if options["memory"]:
        from plainwire.hub.memory import MemoryBroker

        plan.make_broker = MemoryBroker
    return ChatServer(plan)


def _tell_addresses(options: dict[str, Any], server: Any) -> None:
    scheme = "https" if server.web.scheme == "wss" else "http"
    host = server.web.connectable.host
    host = f"[{host}]" if ":" in host else host
    page = f"{scheme}://{host}:{server.web.port}/"
    if options["as_json"]:
        pids = getattr(server, "worker_pids", [])
        facts = {"tcp": str(server.tcp.connectable), "page": page, "workers": pids}
        click.echo(json.dumps(facts))
        sys.stdout.flush()
    click.echo(f"page      {page}", err=True)
    click.echo(f"terminal  plainwire chat join {server.tcp.connectable}", err=True)
    if options["host"] in LOCAL:
        click.echo("network   only this machine; --host 0.0.0.0 --password WORD opens it", err=True)
    else:
        click.echo(f"network   {scheme}://{socket.gethostname()}:{server.web.port}/", err=True)


def _wait(server: Any) -> None:
    asked = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: asked.set())
    # A wait without end is not interrupted by signals on every platform.
    while not asked.is_set() and not server.wait(0.25):
        pass
    server.stop()


def _client_options(command: Any) -> Any:
    for option in (
        click.option("--room", default="lobby", show_default=True),
        click.option("--name", help="Yours; the login name by default."),
        click.option("--password", envvar="PLAINWIRE_NAME_PASSWORD", help="Of a registered name."),
        click.option("--key", envvar="PLAINWIRE_CHAT_PASSWORD", help="Password of the server."),
        click.option("--ca", type=click.Path(exists=True, dir_okay=False),
                     help="PEM file to trust, for tls:// with a self-signed certificate."),
        click.option("--timeout", type=click.FloatRange(0), default=10.0, show_default=True),
    ):  # fmt: skip
        command = option(command)
    return command


def _replica(options: dict[str, Any], *, auto: bool) -> Any:
    from plainwire.chat.protocol import get_room
    from plainwire.chat.replica import Replica
    from plainwire.errors import PlainwireError

    name = options["name"] or getpass.getuser()
    more = {field: options[field] for field in ("password", "key") if options[field]}
    try:
        room = get_room({"room": options["room"]})
    except PlainwireError as error:
        refuse(error)
    return Replica(name, (room,), auto=auto, more=more)


@chat.command("join")
@click.argument("address", default="tcp://127.0.0.1:7070")
@_client_options
@click.option("--follow", is_flag=True, help="In a pipe: show what others say, until Ctrl-C.")
@click.option("--json", "as_json", is_flag=True, help="In a pipe: messages as JSON lines.")
def join(address: str, follow: bool, as_json: bool, **options: Any) -> None:
    """Join the chat at ADDRESS; in a pipe, send each line of input.

    A pipe ends with status 0 when the server has stored every line.
    """
    from plainwire.address import Address
    from plainwire.errors import PlainwireError

    try:
        where = Address.parse(address if ":" in address else f"tcp://{address}:7070")
        replica = _replica(options, auto=options["name"] is None or not sys.stdin.isatty())
        if sys.stdin.isatty() and not as_json:
            from plainwire import i18n
            from plainwire.chat.terminal import Terminal

            i18n.select()

            replica.token = _own_token(where)
            status = asyncio.run(Terminal(where, replica, i18n.gettext, tls=options["ca"]).run())
            _keep_token(where, replica.token)
        else:
            from plainwire.chat.pipe import Pipe

            pipe = Pipe(where, replica, next(iter(replica.rooms)), follow=follow,
                        as_json=as_json, timeout=options["timeout"], tls=options["ca"])  # fmt: skip
            status = asyncio.run(pipe.run())
    except PlainwireError as error:
        refuse(error)
    except KeyboardInterrupt:
        status = 130
    raise SystemExit(status)


def _token_file(where: Any) -> Path:
    base = os.environ.get("XDG_STATE_HOME") or Path.home() / ".local" / "state"
    return Path(base) / "plainwire" / f"chat-{where.host}-{where.port}.token"


def _own_token(where: Any) -> str:
    try:
        return _token_file(where).read_text(encoding="ascii").strip()
    except (OSError, ValueError):
        return ""


def _keep_token(where: Any, token: str) -> None:
    """Keep who we are, readable by nobody else."""
    if not token:
        return
    path = _token_file(where)
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{secrets.token_hex(4)}")
    with os.fdopen(os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(token)
    fresh.replace(path)


@chat.command("export")
@click.argument("address", default="tcp://127.0.0.1:7070")
@_client_options
def export(address: str, **options: Any) -> None:
    """Write a room's whole history to standard output, one JSON object per line."""
    from plainwire.chat.caller import CODEC
    from plainwire.chat.protocol import encode, parse
    from plainwire.errors import PlainwireError
    from plainwire.transports.connect import connect

    replica = _replica(options, auto=True)
    room, timeout = next(iter(replica.rooms)), options["timeout"]
    try:
        with connect(address, CODEC, tls=options["ca"], timeout=timeout) as peer:

            def ask(message: dict[str, Any], kind: str) -> dict[str, Any]:
                peer.send(encode(message))
                while True:
                    answer = parse(peer.recv(timeout))
                    if answer["type"] == "error":
                        refuse(f"{answer['text']} ({answer['code']})")
                    if answer["type"] == kind:
                        return answer

            ask(replica.opening()[0], "welcome")
            ask({"type": "join", "room": room, "limit": 0}, "joined")
            _write_history(ask, room)
    except PlainwireError as error:
        refuse(error)


def _write_history(ask: Any, room: str) -> None:
    import time

    after, more = 0, True
    while more:
        page = ask({"type": "history", "room": room, "after": after, "limit": 200}, "history")
        for event in page["events"]:
            after = event["seq"]
            click.echo(json.dumps({k: v for k, v in event.items() if k != "type"},
                                  ensure_ascii=False))  # fmt: skip
        more = page["more"]
        if more:
            # A page costs two units of the server's ten per second.
            time.sleep(0.2)
