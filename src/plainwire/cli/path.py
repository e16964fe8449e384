"""`plainwire path`: how this machine would send a packet, from its own kernel.

    plainwire path 10.1.2.3:443          every step to a destination
    plainwire path subnet A [B ...]      subnet arithmetic, no kernel asked
    plainwire path here                  interfaces, gateways, listeners

Only arguments, exit status and wiring; facts come from `plainwire.net`, the look from
`path_text` and, for the browser, `path_web`. A `PathError` is one line on stderr and status 2.
"""

from __future__ import annotations

import functools
import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec

import click

from plainwire import i18n

if TYPE_CHECKING:
    from collections.abc import Callable

P = ParamSpec("P")

LANG = click.option("--lang", metavar="LANG", help="Language of the words: en or zh_CN.")
JSON = click.option(
    "--json", "as_json", is_flag=True, help="Print facts as JSON, schema plainwire.path/1."
)


def one_line_errors(command: Callable[P, None]) -> Callable[P, None]:
    """Select the language, and turn a `PathError` into one line and status 2."""

    @functools.wraps(command)
    def run(*args: P.args, **kwargs: P.kwargs) -> None:
        from plainwire.net.errors import PathError

        wish = kwargs.pop("lang", None)
        i18n.select(wish if isinstance(wish, str) else None)
        try:
            command(*args, **kwargs)
        except PathError as error:
            click.echo(f"plainwire path: {error}", err=True)
            sys.exit(2)

    return run


class DestinationGroup(click.Group):
    """A group whose word may also be a destination: everything that is no command."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the command's name first; without one, `to` is meant."""
        word = _first_word(args)
        asks_help = bool(set(args) & {"-h", "--help"})
        if word in ("subnet", "here"):
            args = [word, *_without(args, word)]
        elif args and not (asks_help and word in (None, "to")):
            args = ["to", *args]
        return super().parse_args(ctx, args)


def _first_word(args: list[str]) -> str | None:
    """Find the first argument that is neither an option nor the value of `--lang`."""
    skip = False
    for arg in args:
        if skip:
            skip = False
        elif arg == "--lang":
            skip = True
        elif not arg.startswith("-"):
            return arg
    return None


def _without(args: list[str], word: str) -> list[str]:
    at = args.index(word)
    return [*args[:at], *args[at + 1 :]]


HELP = """Show how this machine would send a packet.

\b
  plainwire path example.com:443               each step, from name to bytes
  plainwire path 10.1.2.3 --udp --resolve      a datagram; ask for the MAC now
  plainwire path 'fe80::1%eth0'                a link-local address
  plainwire path example.com --web             drawn as stations in the browser
  plainwire path subnet 192.168.1.7/26 192.168.1.70
  plainwire path subnet 10.0.0.0/22 --split 24
  plainwire path here                          interfaces and listeners

Options of DEST: --tcp, --udp, -4, -6, --resolve, --web, --html FILE, --json,
--lang LANG; see `plainwire path to --help`. A host that is called "subnet" or
"here": write "here.".
"""


@click.group(
    cls=DestinationGroup,
    help=HELP,
    no_args_is_help=True,
    subcommand_metavar="DEST | subnet A [B ...] | here",
    context_settings={"help_option_names": ["-h", "--help"]},
)
def path() -> None:
    """Show how this machine would send a packet; the help is `HELP`."""


@path.command("to")
@click.argument("destination", metavar="DEST")
@click.option("--tcp", "protocol", flag_value="tcp", help="Explain a TCP connection (the default).")
@click.option("--udp", "protocol", flag_value="udp", help="Explain a UDP datagram.")
@click.option("-4", "family", flag_value=4, type=int, help="Take only IPv4 answers of a name.")
@click.option("-6", "family", flag_value=6, type=int, help="Take only IPv6 answers of a name.")
@click.option(
    "--resolve",
    is_flag=True,
    help="Find the next hop's MAC now. Sends a frame, and says which.",
)
@click.option("--web", is_flag=True, help="Show the stations in the browser, until Ctrl-C.")
@click.option(
    "--html",
    "html_file",
    type=click.Path(path_type=Path, dir_okay=False),
    metavar="FILE",
    help="Write the stations as one HTML file that needs no network.",
)
@JSON
@LANG
@one_line_errors
def to(
    destination: str,
    protocol: str | None,
    family: int | None,
    resolve: bool,
    web: bool,
    html_file: Path | None,
    as_json: bool,
) -> None:
    """Explain every step to DEST: HOST, HOST:PORT, [IPV6]:PORT or tcp://HOST:PORT."""
    if web or html_file is not None:
        _show_page(destination, protocol, family, resolve=resolve, html_file=html_file)
        return
    from plainwire.net import ask, data

    found = ask.explain_destination(
        destination, protocol=protocol, family=family, resolve_neighbour=resolve
    )
    if as_json:
        _print_json(data.destination_document(found))
        return
    from plainwire.cli import path_text

    path_text.show_destination(found)


def _show_page(
    destination: str,
    protocol: str | None,
    family: int | None,
    *,
    resolve: bool,
    html_file: Path | None,
) -> None:
    from plainwire.cli import path_web

    asking = path_web.asking(destination, protocol=protocol, family=family, resolve=resolve)
    if html_file is not None:
        path_web.write_html(asking, html_file)
    else:
        path_web.serve(asking)


@path.command("subnet")
@click.argument("first", metavar="A")
@click.argument("others", metavar="[B ...]", nargs=-1)
@click.option("--split", type=int, metavar="PREFIX", help="List A's parts of this prefix length.")
@click.option("--merge", is_flag=True, help="Join all the networks given into the fewest.")
@JSON
@LANG
@one_line_errors
def subnet(
    first: str, others: tuple[str, ...], split: int | None, merge: bool, as_json: bool
) -> None:
    """Work out the subnet of A, such as 192.168.1.7/26, and whether each B is in it."""
    from plainwire.net import data
    from plainwire.net.subnet_answer import answer

    found = answer(first, others, new_prefix=split, join=merge)
    if as_json:
        _print_json(data.document("subnet", data.plain(found)))
        return
    from plainwire.cli import path_subnet_text

    path_subnet_text.show_subnet(found)


@path.command("here")
@JSON
@LANG
@one_line_errors
def here(as_json: bool) -> None:
    """List interfaces with MAC, addresses, MTU, state; default gateways; listeners."""
    from plainwire.net import ask, data

    found = ask.here()
    if as_json:
        _print_json(data.document("here", data.plain(found)))
        return
    from plainwire.cli import path_here_text

    path_here_text.show_here(found)


def _print_json(document: dict[str, Any]) -> None:
    click.echo(json.dumps(document, indent=2))
