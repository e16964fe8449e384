"""Kernel counters that moved: what the network namespace did between two moments.

Some prove a cause that no packet shows (`TcpExt.ListenOverflows`, `Udp.RcvbufErrors`).
They count for the whole network namespace: exact in a private one, machine-wide
otherwise, and the report must say which. Parsing is pure; `snapshot` reads /proc.
Rules: proc(5), RFC 4022 and RFC 4113 (names of snmp), linux/snmp.h (TcpExt and IpExt).
"""

from __future__ import annotations

from pathlib import Path
from typing import Final

import msgspec

_FILES: Final = ("netstat", "snmp")


class Counters(msgspec.Struct, frozen=True):
    """Every counter at one moment, by "Group.Name" as in /proc ("TcpExt.DelayedACKs")."""

    values: dict[str, int]


def parse(text: str) -> dict[str, int]:
    """Read the pairs of lines of /proc/net/netstat and snmp; odd lines are passed over."""
    values: dict[str, int] = {}
    lines = text.splitlines()
    for names, numbers in zip(lines[::2], lines[1::2], strict=False):
        group, _, titles = names.partition(":")
        same, _, row = numbers.partition(":")
        if group != same:
            continue
        for title, number in zip(titles.split(), row.split(), strict=False):
            if number.lstrip("-").isdigit():
                values[f"{group}.{title}"] = int(number)
    return values


def parse_snmp6(text: str) -> dict[str, int]:
    """Read /proc/net/snmp6: one "Udp6RcvbufErrors 5" a line, kept as "Udp6.RcvbufErrors"."""
    values: dict[str, int] = {}
    for line in text.splitlines():
        name, _, number = line.partition(" ")
        group, six, rest = name.partition("6")
        if six and rest and number.strip().isdigit():
            values[f"{group}6.{rest}"] = int(number)
    return values


def snapshot(folder: str = "/proc/self/net") -> Counters:
    """Read all counters of this process's network namespace; about 0.2 ms.

    Files that are missing (no IPv6, no /proc) add nothing.
    """
    values: dict[str, int] = {}
    for name in _FILES:
        values |= parse(_read(folder, name))
    return Counters(values | parse_snmp6(_read(folder, "snmp6")))


def _read(folder: str, name: str) -> str:
    try:
        return (Path(folder) / name).read_text(encoding="ascii", errors="replace")
    except OSError:
        return ""


def moved(before: Counters, after: Counters) -> dict[str, int]:
    """Give what changed, after minus before; gauges such as `Tcp.CurrEstab` may go down.

    A counter known only after is counted from 0; one known only before is left out.
    """
    return {
        name: value - before.values.get(name, 0)
        for name, value in after.values.items()
        if value != before.values.get(name, 0)
    }
