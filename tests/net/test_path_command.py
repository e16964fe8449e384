"""`plainwire path` as a command: arguments, exit status, JSON, widths and languages."""

from __future__ import annotations

import ipaddress
import json
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import click
import pytest
from click.testing import CliRunner, Result
from rich.cells import cell_len

from plainwire import i18n
from plainwire.cli.main import main
from plainwire.net import ask, kernel
from plainwire.net.data import SCHEMA
from plainwire.net.errors import KernelError
from plainwire.net.model import NameAnswer
from plainwire.net.stations import Station
from plainwire.net.steps import Explanation
from plainwire.net.subnet_answer import SubnetAnswer

needs_linux = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's netlink")


@pytest.fixture(autouse=True)
def english_again() -> Iterator[None]:
    yield
    i18n.select("en")


def path(*arguments: str, columns: int = 80, **environ: str) -> Result:
    variables = {"COLUMNS": str(columns), "LC_ALL": "C", "PLAINWIRE_LANG": "", **environ}
    return CliRunner().invoke(main, ["path", *arguments], env=variables)


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (("300.1.1.1",), "300.1.1.1: not an IPv4 or IPv6 address"),
        (("10.0.0.1:0",), "10.0.0.1:0: the port must be a number from 1 to 65535"),
        (("",), "the destination is empty; name an address or a host"),
        (
            ("0.0.0.0",),
            '0.0.0.0: means "any address" and is no destination; this machine is 127.0.0.1',
        ),
        (
            ("10.0.0.0/8",),
            "10.0.0.0/8: is a network; name one address, or ask `plainwire path subnet`",
        ),
        (("::1%lo",), "::1: only a link-local address names its interface, %lo"),
        (
            ("10.0.0.1:\n\x1b[31m",),
            "10.0.0.1:\\n\\x1b[31m: the port must be a number from 1 to 65535",
        ),
        (("-6", "10.0.0.1"), "10.0.0.1: has no IPv6 address"),
        (
            ("224.0.0.1", "--tcp"),
            "224.0.0.1: TCP needs one receiver; a group is reached with --udp",
        ),
        (("fe80::1",), "fe80::1: a link-local address needs its interface, fe80::1%eth0"),
        (("http://a",), "http://a: only tcp:// and udp:// can be asked"),
        (("subnet", "10.0.0.1"), "10.0.0.1: has no mask; add a prefix length such as 10.0.0.1/24"),
        (
            ("subnet", "10.0.0.1/24", "--split", "8"),
            "10.0.0.0/24 cannot be split into /8; choose from /25 to /32",
        ),
        (("--lang", "zh", "300.1.1.1"), "300.1.1.1：不是 IPv4 或 IPv6 地址"),
    ],
)
def test_an_error_is_one_line_on_stderr_and_status_2(arguments: tuple[str, ...], line: str) -> None:
    result = path(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert result.stderr == f"plainwire path: {line}\n"


def test_the_subnet_command_needs_no_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(kernel, "Kernel", None)
    result = path("subnet", "192.168.1.7/26", "192.168.1.70", "--split", "28")
    assert result.exit_code == 0
    for words in (
        "192.168.1.63",
        "192.168.1.1 – 192.168.1.62",
        "≠ another network",
        "192.168.1.48/28",
        "11000000.10101000.00000001.01000110",
    ):
        assert words in result.stdout


@pytest.mark.parametrize(
    ("other", "words"),
    [
        ("192.168.1.7", "= the same address"),
        ("192.168.1.63", "192.168.1.63 is its broadcast address"),
        ("192.168.1.8", "asks for the MAC of 192.168.1.8"),
        ("192.168.1.64", "sends to its gateway"),
    ],
)
def test_a_comparison_says_what_the_first_would_do(other: str, words: str) -> None:
    """Of its own address it was said that it asks for its own MAC."""
    assert words in path("subnet", "192.168.1.7/26", other).stdout
    assert words not in path("subnet", "192.168.1.7/26", "192.168.1.9").stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("--json", "subnet", "10.0.0.0/30"),
        ("subnet", "10.0.0.0/30", "--json"),
        ("--lang", "zh", "--json", "subnet", "10.0.0.0/30"),
    ],
)
def test_options_may_stand_before_the_word(arguments: tuple[str, ...]) -> None:
    document = json.loads(path(*arguments).stdout)
    assert (document["schema"], document["kind"]) == ("plainwire.path/1", "subnet")
    assert document["facts"]["broadcast"] == "10.0.0.3"
    assert document["facts"]["interface"] == "10.0.0.0/30"


@needs_linux
def test_json_holds_every_step_and_no_words() -> None:
    english, chinese = path("127.0.0.1", "--json"), path("127.0.0.1", "--json", "--lang", "zh")
    document = json.loads(english.stdout)
    assert document == json.loads(chinese.stdout)
    assert set(document) == {"schema", "kind", "stations"} | {f.name for f in fields(Explanation)}
    assert document["next_hop"]["kind"] == "local"
    assert [s["name"] for s in document["stations"]] == [
        "program",
        "socket",
        "ip",
        "route",
        "neighbour",
        "wire",
    ]
    (frame,) = document["frames"]
    assert frame["bytes"] == "".join(field["data"] for field in frame["fields"])


@needs_linux
@pytest.mark.parametrize("columns", [80, 120])
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize(
    "arguments",
    [("127.0.0.1:9",), ("::1", "--udp"), ("here",), ("subnet", "fd00::7/56", "fd00::1:0:0:0:1")],
)
def test_lines_fit_the_terminal_in_both_languages(
    arguments: tuple[str, ...], lang: str, columns: int
) -> None:
    """A Chinese character takes two columns; a line that wraps by itself breaks the rail."""
    result = path(*arguments, "--lang", lang, columns=columns)
    assert result.exit_code == 0, result.stderr
    lines = result.stdout.splitlines()
    assert len(lines) > 5
    assert [line for line in lines if cell_len(line) > columns] == []
    assert [line for line in lines if line != line.rstrip()] == []


@needs_linux
def test_a_file_gets_no_colours() -> None:
    assert "\x1b" not in path("127.0.0.1").stdout


def test_without_netlink_the_rest_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    """As on macOS, or in a sandbox that forbids netlink."""

    def refuse() -> None:
        raise KernelError("error-no-netlink")

    monkeypatch.setattr(kernel, "Kernel", refuse)
    result = path("127.0.0.1", "--json")
    document = json.loads(result.stdout)
    assert not document["complete"]
    assert document["source"]["address"] == "127.0.0.1"
    assert document["route"]["lookup"] is None
    text = path("127.0.0.1").stdout
    assert "only what it tells without netlink" in text
    assert path("here").exit_code == 0


@needs_linux
def test_a_name_shows_all_answers_and_skips_those_without_a_way(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    # fe80 without an interface cannot be routed: it is skipped with its reason.
    answers = tuple(NameAnswer(ipaddress.ip_address(a)) for a in ("fe80::1", "127.0.0.1", "::1"))
    monkeypatch.setattr(ask.names, "resolve", lambda *_: answers)
    document = json.loads(path("both.example:80", "--json").stdout)
    shown = [(a["address"], a["chosen"], a["skipped"]) for a in document["names"]]
    assert shown == [
        ("fe80::1", False, "error-link-local"),
        ("127.0.0.1", True, None),
        ("::1", False, None),
    ]


def test_help_names_all_three_forms() -> None:
    result = path("--help")
    assert result.exit_code == 0
    for words in ("subnet 192.168.1.7/26", "path here", "--resolve"):
        assert words in result.stdout
    assert "--split" in path("subnet", "--help").stdout
    assert "--udp" in path("10.0.0.1", "--help").stdout


def test_help_of_the_program_imports_no_netlink() -> None:
    """`plainwire --help` and `path subnet` answer at once."""
    program = (
        "import sys; from click.testing import CliRunner; from plainwire.cli.main import main; "
        "CliRunner().invoke(main, ['--help']); "
        "CliRunner().invoke(main, ['path', 'subnet', '10.0.0.1/8']); "
        "sys.exit('pyroute2' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0


def test_the_table_of_commands_leads_to_the_group() -> None:
    command = main.get_command(click.Context(main), "path")
    assert isinstance(command, click.Group)
    assert set(command.commands) == {"to", "subnet", "here"}


def test_the_document_describes_every_field_of_the_json() -> None:
    text = (Path(__file__).parents[2] / "docs" / "path.md").read_text(encoding="utf-8")
    wanted = [
        f.name for kind in (Explanation, Station, SubnetAnswer, ask.Here) for f in fields(kind)
    ]
    assert [name for name in wanted if f"`{name}`" not in text] == []
    assert SCHEMA in text
