"""`plainwire show`: a recording again, as report, calls, one flow, JSON or raw records."""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
from pathlib import Path
from typing import Any

import click

from plainwire import i18n
from plainwire.cli.run import coloured, refuse, write_json, write_text


@click.command(context_settings={"help_option_names": ["-h", "--help"]})
@click.argument("recording", default="last", metavar="[FILE|last]")
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report as JSON ('-': standard output).",
)
@click.option("--with-payload", is_flag=True, help="Put payload into the JSON report.")
@click.option("--records", is_flag=True, help="Dump the raw records, one JSON array a line.")
@click.option("--calls", is_flag=True, help="List every observed call.")
@click.option(
    "--flow",
    type=click.IntRange(min=0),
    metavar="N",
    help="Show one flow from beginning to end, nothing folded.",
)
@click.option(
    "--packet",
    type=click.IntRange(min=1),
    metavar="N",
    help="Open one packet, layer by layer, field by field.",
)
@click.option(
    "--pcapng",
    "pcapng_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the packets for Wireshark, each with the lines it belongs to.",
)
@click.option("--web", is_flag=True, help="Open the page of the recording, until Ctrl-C.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Save the page as one file that needs no network.",
)
@click.option("--processes", is_flag=True, help="Describe the processes too in --pcapng's file.")
@click.option("--lang", metavar="LANG", help="Language of the report: en or zh.")
def show(recording: str, **options: Any) -> None:  # fmt: skip
    """Show a recording again: the report, or what it was made from.

    Without FILE, or with `last`, the newest recording. FILE may also be a capture of
    another tool (pcapng or pcap): its flows, and what its packets alone prove.
    """
    i18n.select(options["lang"])
    if _is_capture(Path(recording)):
        _show_capture(Path(recording), options)
        return
    from plainwire.see.recorder.store import DamagedError

    opened = _open(recording)
    if options["web"] or options["html_file"] is not None:
        path = opened.path
        opened.close()
        _show_page(path, options)
        return
    try:
        with contextlib.suppress(BrokenPipeError):
            _show(opened, options)
    except DamagedError as error:
        refuse(f"show: {error}; {error.advice}")
    finally:
        opened.close()


def _is_capture(path: Path) -> bool:
    """By its name, or by its first bytes whatever the name; one that is packed is refused."""
    from plainwire.see.capture.pcapng import is_capture

    named = path.suffix in (".pcapng", ".pcap", ".cap")
    try:
        with path.open("rb") as file:
            head = file.read(4)
    except OSError:
        return named  # whoever opens it says why it cannot be opened
    if named or is_capture(head):
        return True
    if head[:2] == b"\x1f\x8b":
        refuse(f"show {path}: is compressed; unpack it first, for example with `gunzip`")
    return False


def _open(name: str) -> Any:
    """The recording of a name; one whose recorder was killed is finished first."""
    from plainwire.see.recorder import store

    if name == "last":
        kept = store.recordings()
        if not kept:
            refuse("show last: there is no recording yet; make one with `plainwire run`")
        path = kept[-1]
    else:
        path = Path(name.removesuffix(".d"))
    folder = path.with_suffix(".plainwire.d")
    if folder.is_dir() and path.suffix == ".plainwire":
        click.echo(f"plainwire: {path.name} was broken off; reading what was recorded", err=True)
        path = store.recover(folder)
    try:
        return store.Recording(path)
    except store.DamagedError as error:
        refuse(f"show: {error}; {error.advice}")
    except store.RecordingError as error:
        refuse(f"show: {error}")


def _show_page(path: Path, options: dict[str, Any]) -> None:
    from plainwire.cli import web

    if options["html_file"] is not None:
        web.write_html(path, options["html_file"], with_payload=options["with_payload"])
    else:
        web.serve_file(path)


def _show(opened: Any, options: dict[str, Any]) -> None:
    if options["records"]:
        for item in opened.items():
            click.echo(json.dumps(item, default=_readable, ensure_ascii=False))
        return
    from plainwire.see.ledger import build

    _show_ledger(build.build(opened.items()), options)


def _show_capture(path: Path, options: dict[str, Any]) -> None:
    """A capture file of another tool."""
    from plainwire.see.capture.pcapng import CaptureFormatError, read_capture
    from plainwire.see.ledger import foreign

    try:
        with path.open("rb") as file:
            ledger = foreign.of_capture(read_capture(file))
    except OSError as error:
        refuse(f"show {path}: {(error.strerror or str(error)).lower()}")
    except CaptureFormatError as error:
        refuse(f"show {path}: {error}")
    if options["web"] or options["html_file"] is not None:
        _show_capture_page(ledger, path, options)
        return
    with contextlib.suppress(BrokenPipeError):
        _show_ledger(ledger, options)


def _show_capture_page(ledger: Any, path: Path, options: dict[str, Any]) -> None:
    from plainwire.cli import web
    from plainwire.web import source

    out = options["html_file"]
    payload = out is None or options["with_payload"]
    data = source.of_ledger(ledger, payload=payload, title=path.name)
    if out is None:
        web.serve_data(data)
    else:
        web.write_data(data, out)


def _write_pcapng(ledger: Any, path: Path, *, processes: bool) -> None:
    from plainwire.see.report import pcapng

    if not ledger.packets:
        refuse(f"show --pcapng {path}: this recording has no packets")
    try:
        with path.open("wb") as file:
            file.writelines(pcapng.blocks(ledger, processes=processes))
    except OSError as error:
        refuse(f"write {path}: {(error.strerror or str(error)).lower()}")


def _show_packet(ledger: Any, number: int, options: dict[str, Any]) -> None:
    from plainwire.see.report import layers

    width = shutil.get_terminal_size((100, 24)).columns
    try:
        if options["json_file"] is not None:
            write_text(json.dumps(layers.to_json(ledger, number), indent=1), options["json_file"])
            return
        for line in layers.packet_lines(ledger, number, width=width, colour=coloured(sys.stdout)):
            click.echo(line)
    except layers.UnknownPacketError as error:
        refuse(f"show --packet {number}: {error}")


def _show_ledger(ledger: Any, options: dict[str, Any]) -> None:
    from plainwire.see import diagnosis
    from plainwire.see.report import calls, terminal

    if options["pcapng_file"] is not None:
        _write_pcapng(ledger, options["pcapng_file"], processes=options["processes"])
        return
    if options["packet"] is not None:
        _show_packet(ledger, options["packet"], options)
        return
    width = shutil.get_terminal_size((100, 24)).columns
    colour = coloured(sys.stdout)
    if options["calls"]:
        for line in calls.call_lines(ledger, width=width, colour=colour):
            click.echo(line)
        return
    number = options["flow"]
    if number is not None:
        if number >= len(ledger.flows):
            refuse(f"show --flow {number}: this recording has {len(ledger.flows)} flows, from 0 on")
        for line in calls.flow_lines(ledger, number, width=width, colour=colour):
            click.echo(line)
        return
    findings = diagnosis.diagnose(ledger)
    if options["json_file"] is not None:
        write_json(ledger, findings, options["json_file"], with_payload=options["with_payload"])
        return
    click.echo(terminal.render(ledger, findings, width=width, colour=colour))


def _readable(value: object) -> object:
    """Bytes of slots and payload as hexadecimal digits."""
    if isinstance(value, bytes):
        return value.hex()
    raise TypeError(f"not JSON: {type(value).__name__}")
