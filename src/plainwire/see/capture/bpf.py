"""Compile a set of ports into a classic BPF program for SO_ATTACH_FILTER.

The kernel runs it on every packet of the interface, so that only the observed programs'
packets are copied. It passes, for IPv4 and IPv6: TCP segments and UDP datagrams from or
to one of the ports, and ICMP errors that quote one. It passes more than asked in three
cases, never less: later IPv4 fragments (they carry no ports), IPv6 packets with
extension headers, and sets of so many ports that nearby ones had to be joined.

Pure. Rules: linux Documentation/networking/filter.rst (instruction set; 4096
instructions at most; a load beyond the packet ends the program with 0, which drops it).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Final, NamedTuple

SNAP_ALL: Final = 0x40000
MAX_INSTRUCTIONS: Final = 4096
# Each range costs up to four instructions, twice (source and destination).
_MAX_RANGES = 400
_LEAF_RANGES = 4

_LDB, _LDH = 0x30, 0x28
_LDB_X, _LDH_X = 0x50, 0x48
_LDX_IMM, _LDX_MSH = 0x01, 0xB1
_AND, _LSH, _RSH, _ADD, _ADD_X, _TAX = 0x54, 0x64, 0x74, 0x04, 0x0C, 0x07
_JA, _JEQ, _JGT, _JGE, _JSET = 0x05, 0x15, 0x25, 0x35, 0x45
_RET = 0x06

_TCP, _UDP, _ICMP, _ICMPV6 = 6, 17, 1, 58
_EXTENSIONS = (0, 43, 44, 51, 60, 135)


class Instruction(NamedTuple):
    """One `struct sock_filter`: operation, jumps if true and if false, constant."""

    code: int
    jump_true: int
    jump_false: int
    constant: int


class _Assembler:
    """Instructions with labels; every branch is a test over a long jump, so none is too far."""

    def __init__(self) -> None:
        self.code: list[tuple[int, int, int, int | str]] = []
        self.labels: dict[str, int] = {}

    def put(self, code: int, constant: int = 0) -> None:
        self.code.append((code, 0, 0, constant))

    def jump(self, label: str) -> None:
        self.code.append((_JA, 0, 0, label))

    def branch(self, test: int, constant: int, label: str) -> None:
        """Go to the label if the test holds, else on to the next instruction."""
        self.code.append((test, 0, 1, constant))
        self.jump(label)

    def branch_any(self, values: Iterable[int], label: str) -> None:
        for value in values:
            self.branch(_JEQ, value, label)

    def label(self, name: str) -> None:
        self.labels[name] = len(self.code)

    def resolve(self) -> tuple[Instruction, ...]:
        resolved = []
        for index, (code, jump_true, jump_false, constant) in enumerate(self.code):
            here = constant if isinstance(constant, int) else self.labels[constant] - index - 1
            resolved.append(Instruction(code, jump_true, jump_false, here))
        return tuple(resolved)


def compile_filter(
    ports: Iterable[int] | None, *, link_header: int = 14, snap: int = SNAP_ALL, arp: bool = False
) -> tuple[Instruction, ...]:
    """Build the program for a set of ports.

    Args:
        ports: 0 to 65535 each; an empty set passes nothing (but ARP, if asked for);
            None passes everything.
        link_header: bytes before the network header: 14 (Ethernet, loopback) or 0
            (tunnels). The kernel has taken VLAN tags out already.
        snap: bytes kept of each packet; its true length stays known.
        arp: pass ARP too.

    Raises:
        ValueError: a port is out of range, or the link header is neither 14 nor 0.
    """
    if link_header not in (0, 14):
        raise ValueError(f"link header of {link_header} bytes; expected 14 or 0")
    out = _Assembler()
    if ports is None:
        out.put(_RET, snap)
        return out.resolve()
    ranges = port_ranges(ports)
    _link(out, link_header, arp=arp)
    _ipv4(out, link_header)
    _ipv6(out, link_header)
    out.label("ports")
    for offset in (0, 2):
        out.put(_LDH_X, link_header + offset)
        _member(out, ranges, f"after{offset}")
        out.label(f"after{offset}")
    out.label("drop")
    out.put(_RET, 0)
    out.label("pass")
    out.put(_RET, snap)
    return out.resolve()


def _link(out: _Assembler, base: int, *, arp: bool) -> None:
    if base:
        out.put(_LDH, 12)
        out.branch(_JEQ, 0x0800, "ipv4")
        out.branch(_JEQ, 0x86DD, "ipv6")
        if arp:
            out.branch(_JEQ, 0x0806, "pass")
    else:
        out.put(_LDB, 0)
        out.put(_RSH, 4)
        out.branch(_JEQ, 4, "ipv4")
        out.branch(_JEQ, 6, "ipv6")
    out.jump("drop")


def _ipv4(out: _Assembler, base: int) -> None:
    """X becomes the offset of the ports, counted from the network header."""
    out.label("ipv4")
    out.put(_LDH, base + 6)
    out.branch(_JSET, 0x1FFF, "pass")
    out.put(_LDX_MSH, base)
    out.put(_LDB, base + 9)
    out.branch_any((_TCP, _UDP), "ports")
    out.branch(_JEQ, _ICMP, "icmp4")
    out.jump("drop")
    out.label("icmp4")
    out.put(_LDB_X, base)
    out.branch_any((3, 4, 5, 11, 12), "quoted4")
    out.jump("drop")
    out.label("quoted4")
    out.put(_LDB_X, base + 8 + 9)
    out.branch_any((_TCP, _UDP), "quoted4-ports")
    out.jump("drop")
    out.label("quoted4-ports")
    out.put(_LDB_X, base + 8)
    out.put(_AND, 0x0F)
    out.put(_LSH, 2)
    out.put(_ADD_X)
    out.put(_ADD, 8)
    out.put(_TAX)
    out.jump("ports")


def _ipv6(out: _Assembler, base: int) -> None:
    out.label("ipv6")
    out.put(_LDX_IMM, 40)
    out.put(_LDB, base + 6)
    out.branch_any((_TCP, _UDP), "ports")
    out.branch(_JEQ, _ICMPV6, "icmp6")
    out.branch_any(_EXTENSIONS, "pass")
    out.jump("drop")
    out.label("icmp6")
    out.put(_LDB, base + 40)
    out.branch_any((1, 2, 3, 4), "quoted6")
    out.jump("drop")
    out.label("quoted6")
    out.put(_LDX_IMM, 40 + 8 + 40)
    out.put(_LDB, base + 40 + 8 + 6)
    out.branch_any((_TCP, _UDP), "ports")
    out.branch_any(_EXTENSIONS, "pass")
    out.jump("drop")


def _member(out: _Assembler, ranges: list[tuple[int, int]], otherwise: str) -> None:
    """Pass if the accumulator is in a range, else go on at `otherwise`: a binary search."""
    if len(ranges) > _LEAF_RANGES:
        middle = len(ranges) // 2
        right = f"{otherwise}-{ranges[middle][0]}"
        out.branch(_JGE, ranges[middle][0], right)
        _member(out, ranges[:middle], otherwise)
        out.label(right)
        _member(out, ranges[middle:], otherwise)
        return
    for low, high in ranges:
        if low == high:
            out.branch(_JEQ, low, "pass")
        else:
            out.code.append((_JGE, 0, 2, low))
            out.code.append((_JGT, 1, 0, high))
            out.jump("pass")
    out.jump(otherwise)


def port_ranges(ports: Iterable[int]) -> list[tuple[int, int]]:
    """Join ports into sorted inclusive ranges, at most 400: the smallest gaps go first.

    Raises:
        ValueError: a port is not in 0 to 65535.
    """
    ranges: list[tuple[int, int]] = []
    for port in sorted(set(ports)):
        if not 0 <= port <= 0xFFFF:
            raise ValueError(f"port {port} is not in 0..65535")
        if ranges and port == ranges[-1][1] + 1:
            ranges[-1] = (ranges[-1][0], port)
        else:
            ranges.append((port, port))
    excess = len(ranges) - _MAX_RANGES
    if excess <= 0:
        return ranges
    gaps = sorted(range(1, len(ranges)), key=lambda i: ranges[i][0] - ranges[i - 1][1])
    closed = set(gaps[:excess])
    joined = [ranges[0]]
    for index, (low, high) in enumerate(ranges[1:], start=1):
        if index in closed:
            joined[-1] = (joined[-1][0], high)
        else:
            joined.append((low, high))
    return joined
