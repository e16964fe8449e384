"""`plainwire run`: observe programs while they run, tell a hang while it hangs, report."""

from __future__ import annotations

import os
import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NoReturn

import click

from plainwire import i18n
from plainwire.i18n import gettext as _

if TYPE_CHECKING:
    from plainwire.cli.web import Live
    from plainwire.see.diagnosis.model import Finding
    from plainwire.see.ledger.waits import Waits
    from plainwire.see.recorder.programs import Program
    from plainwire.see.recorder.run import Outcome, Run

_LIVE_LIMIT = 100_000  # calls; beyond it a hang is told only in the report


class ProgramsCommand(click.Command):
    """Splits the words at the first one that is no option of ours: there the programs begin."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse our options; keep the rest, with its `--`, in `ctx.obj`."""
        valued = {
            name
            for parameter in self.params
            if isinstance(parameter, click.Option) and not parameter.is_flag
            for name in parameter.opts
        }
        at = 0
        while at < len(args) and args[at].startswith("-") and args[at] not in ("-m", "-c", "--"):
            at += 2 if args[at] in valued else 1
        # A `--` before the first program ends our options, as everywhere.
        ctx.obj = args[at + 1 :] if args[at : at + 1] == ["--"] else args[at:]
        return super().parse_args(ctx, args[:at])


def parse_size(_: click.Context, __: click.Parameter, value: str | None) -> int | None:
    """`200MB`, `64K`, `1000000` -> bytes."""
    if value is None:
        return None
    text = value.strip().upper().removesuffix("B").removesuffix("I")
    factor = {"K": 1 << 10, "M": 1 << 20, "G": 1 << 30}.get(text[-1:], 1)
    number = text[:-1] if factor > 1 else text
    if not number.isdigit() or int(number) == 0:
        raise click.BadParameter(f"{value!r} is no size; write for example 200MB")
    return int(number) * factor


@click.command(
    cls=ProgramsCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    options_metavar="[OPTIONS] PROGRAM [ARGS]... [-- PROGRAM [ARGS]...]...",
)
@click.option(
    "--timeout",
    type=click.FloatRange(min=0.1),
    metavar="SECONDS",
    help="End a run that does not end.",
)
@click.option("--until-finding", is_flag=True, help="End the run when a certain finding stands.")
@click.option(
    "--start-wait",
    type=click.FloatRange(min=0),
    default=2.0,
    show_default=True,
    metavar="SECONDS",
    help="How long a program may take to listen or bind before the next one starts.",
)
@click.option(
    "--stdin",
    type=click.IntRange(min=1),
    metavar="N",
    help="Which program gets standard input (1 = the first; default: the last).",
)
@click.option(
    "--python", metavar="PATH",
    help="The interpreter for programs given as files; default: the active environment's, else"
    " the first python3 of PATH.",
)  # fmt: skip
@click.option(
    "--json",
    "json_file",
    type=click.Path(dir_okay=False, path_type=Path),
    metavar="FILE",
    help="Write the report as JSON ('-': standard output).",
)
@click.option(
    "--fail-on",
    type=click.Choice(["likely", "certain"]),
    help="Exit with status 1 when there are findings.",
)
@click.option("--with-payload", is_flag=True, help="Put payload into the JSON report.")
@click.option("--no-payload", is_flag=True, help="Record lengths only, no bytes.")
@click.option("--tls-payload", is_flag=True, help="Record the plaintext of TLS too.")
@click.option(
    "--keep",
    callback=parse_size,
    metavar="SIZE",
    help="Bound the recording: drop the oldest calls beyond, for example, 200MB.",
)
@click.option("--web", is_flag=True, help="Show the page in the browser while the run lasts.")
@click.option("--no-packets", is_flag=True, help="Take no packets, even where we may.")
@click.option(
    "--private-net",
    is_flag=True,
    help="Run the programs in a network of their own, where packets need no root. They reach"
    " neither the outside nor this machine's localhost.",
)
@click.option("--lang", metavar="LANG", help="Language of the report: en or zh.")
@click.pass_context
def run(ctx: click.Context, /, **options: Any) -> None:  # fmt: skip
    """Run programs and see what their sockets do, line by line, and what is wrong.

    PROGRAM is a Python file, `-m module`, or any command. Each is started when the one
    before it listens or binds.

    \b
    plainwire run server.py -- client.py
    plainwire run --timeout 10 -m http.server 8000 -- curl -s localhost:8000
    """  # noqa: D301 - click wants the character itself
    from plainwire.see.recorder import programs, store
    from plainwire.see.recorder.run import Options, Run

    i18n.select(options["lang"])
    wanted = _programs(ctx.obj, options["python"])
    stdin = options["stdin"]
    if stdin is not None and stdin > len(wanted):
        refuse(f"run --stdin {stdin}: there are only {len(wanted)} programs")
    _check_writable(options["json_file"])
    if options["private_net"]:
        _enter_private_net()
    live = _Live(until_finding=options["until_finding"])
    colours = coloured(sys.stderr)
    try:
        session = Run(
            wanted,
            Options(
                start_wait=options["start_wait"],
                timeout=options["timeout"],
                stdin=stdin - 1 if stdin else None,
                payload=not options["no_payload"],
                tls_payload=options["tls_payload"],
                keep_bytes=options["keep"],
                colours=colours,
                packets=not options["no_packets"],
                private_net=options["private_net"],
            ),
            say=_say,
            on_sample=live,
        )
    except OSError as error:
        refuse(f"run: cannot make the recording: {error.strerror}: {error.filename}")
    page = _page(session) if options["web"] else None
    try:
        outcome = session.execute()
    except programs.ProgramError as error:
        refuse(str(error))
    recording = store.Recording(outcome.path)
    findings = _report(recording, outcome, options)
    if page is not None:
        page.finish(outcome.path)
        page.wait()
    sys.exit(_status(outcome, findings, options["fail_on"]))


def _programs(words: Sequence[str], python: str | None) -> list[Program]:
    from plainwire.see.recorder import programs

    if not words:
        refuse("run: no program; write for example: plainwire run server.py -- client.py")
    try:
        return programs.parse(words, python)
    except programs.ProgramError as error:
        refuse(str(error))


def _page(session: Run) -> Live:
    """Serve the page beside the run.

    Its threads must not take the signals that the run waits for: they inherit the mask.
    """
    import signal

    from plainwire.cli import web

    old = signal.pthread_sigmask(
        signal.SIG_BLOCK, {signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGWINCH}
    )
    try:
        return web.serve_live(session)
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, old)


def _enter_private_net() -> None:
    """Move into a network of our own before any thread or program starts."""
    from plainwire.see.capture import private_net

    try:
        private_net.enter()
    except (private_net.PrivateNetError, RuntimeError) as error:
        refuse(f"run --private-net: {error}")


def _check_writable(path: Path | None) -> None:
    if path is not None and str(path) != "-" and not path.absolute().parent.is_dir():
        refuse(f"run --json {path}: there is no folder {path.absolute().parent}")


class _Live:
    """Tells a hang while it hangs: called with each sample of the kernel."""

    def __init__(self, until_finding: bool) -> None:
        self._until_finding = until_finding
        self._told: set[tuple[str, object]] = set()

    def __call__(self, sample: dict[str, Any], run: Run) -> bool:
        from plainwire.see.ledger import build, waits

        if run.calls() > _LIVE_LIMIT or not _worth_a_look(waits.analyse(sample)):
            return False
        from plainwire.see import diagnosis
        from plainwire.see.report import terminal

        ledger = build.build(run.items())
        findings = diagnosis.diagnose(ledger, diagnosis.HANGS)
        new = [f for f in findings if (f.rule, f.flow) not in self._told]
        for finding in new:
            self._told.add((finding.rule, finding.flow))
            text = terminal.verdict(ledger, [finding])
            run.say(f"\n== {text}\n")
        return self._until_finding and any(f.certainty == "certain" for f in findings)


def _worth_a_look(found: Waits) -> bool:
    """Is anybody blocked in more than waiting for new clients?"""
    return any(waiter.wait in ("receive", "send", "poll") for waiter in found.blocked)


def _report(recording: Any, outcome: Outcome, options: dict[str, Any]) -> list[Finding]:
    from plainwire.see import diagnosis
    from plainwire.see.ledger import build
    from plainwire.see.report import terminal

    ledger = build.build(recording.items())
    findings = diagnosis.diagnose(ledger)
    json_file = options["json_file"]
    if json_file is not None:
        write_json(ledger, findings, json_file, with_payload=options["with_payload"])
    width = shutil.get_terminal_size((100, 24)).columns
    text = terminal.render(ledger, findings, width=width, colour=coloured(sys.stderr))
    click.echo(text, err=True)
    click.echo(_("recording: {path}").format(path=outcome.path), err=True)
    return findings


def write_json(ledger: Any, findings: list[Finding], path: Path, *, with_payload: bool) -> None:
    """Write the JSON report whole or not at all."""
    import json

    from plainwire.see.report import json_report

    text = json.dumps(
        json_report.to_json(ledger, findings, with_payload=with_payload),
        indent=1,
        ensure_ascii=False,
    )
    write_text(text, path)


def write_text(text: str, path: Path) -> None:
    """Write a text whole or not at all; '-' is standard output."""
    if str(path) == "-":
        click.echo(text)
        return
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        temporary.write_text(text + "\n", encoding="utf-8")
        temporary.replace(path)
    except OSError as error:
        temporary.unlink(missing_ok=True)
        refuse(f"write {path}: {(error.strerror or str(error)).lower()}")


def _status(outcome: Outcome, findings: list[Finding], fail_on: str | None) -> int:
    if fail_on and any(f.certainty == "certain" or fail_on == "likely" for f in findings):
        return 1
    failed = [p.status for p in outcome.programs if p.status and not p.ended_by_us]
    if not failed:
        return 0
    last = failed[-1]
    return 128 - last if last < 0 else last


def coloured(stream: Any) -> bool:
    """May we colour what goes to this stream? Not if it is no terminal, or NO_COLOR is set."""
    return stream.isatty() and not os.environ.get("NO_COLOR")


def _say(text: str) -> None:
    click.echo(text, err=True)


def refuse(text: str) -> NoReturn:
    """One clear line and exit status 2; never a traceback."""
    click.echo(f"plainwire: {text}", err=True)
    sys.exit(2)
