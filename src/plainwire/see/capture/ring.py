"""Packets from the kernel: an AF_PACKET socket, its filter, and its TPACKET_V3 ring.

The kernel writes packets into blocks of shared memory and hands a block over when it is
full or `retire_ms` old; a process may read 260,000 packets a second from it in Python.
Making the socket needs CAP_NET_RAW in the network namespace; everything after does not,
so a privileged process may make it and hand it to another.

Standard library only: the capture process imports nothing else. Rules: packet(7), linux
Documentation/networking/packet_mmap.rst, linux/if_packet.h.
"""

from __future__ import annotations

import array
import mmap
import socket
import struct
from collections.abc import Iterable, Iterator
from typing import Final, NamedTuple

from plainwire.see.capture.bpf import Instruction

_SOL_PACKET = 263
_PACKET_RX_RING = 5
_PACKET_STATISTICS = 6
_PACKET_VERSION = 10
_PACKET_IGNORE_OUTGOING = 23
_TPACKET_V3 = 2
_SO_ATTACH_FILTER = 26
_ETH_P_ALL = 3
_ARPHRD_LOOPBACK = 772

_STATUS_KERNEL, _STATUS_USER = 0, 1
_STATUS_AT = 8
_STATUS = struct.Struct("=I")
_BLOCK_HEAD = struct.Struct("=IIIIII")  # version, private, status, packets, first, length
_PACKET_HEAD = struct.Struct("=IIIIIIHH").unpack_from  # next .. status, mac, net
_VLAN = struct.Struct("=IH").unpack_from
_VLAN_AT = 32
_PACKET_TYPE_AT = 48 + 10  # struct sockaddr_ll follows the 48-byte header
_VLAN_VALID = 1 << 4
_LOSING = 1 << 2

DEFAULT_BLOCK_BYTES: Final = 1 << 20
DEFAULT_BLOCKS: Final = 16
# Short enough for a live view, long enough that blocks of a busy run are full.
DEFAULT_RETIRE_MS: Final = 10


class RingPacket(NamedTuple):
    """One packet of a block.

    Attributes:
        realtime_ns: CLOCK_REALTIME, stamped by the kernel.
        length: bytes on the wire; `data` may be cut to the snap length.
        outgoing: sent by this machine (never on loopback, where each is taken once).
        losing: the kernel has dropped packets since the last reading of statistics.
        vlan: the tag the kernel took out, or None.
    """

    realtime_ns: int
    data: bytes
    length: int
    outgoing: bool
    losing: bool
    vlan: int | None


def open_socket(interface: str) -> socket.socket:
    """Make an AF_PACKET socket that receives nothing yet (protocol 0, unbound).

    Raises:
        PermissionError: no CAP_NET_RAW in this network namespace.
        OSError: no such address family (kernel, seccomp) or no such interface.
    """
    made = socket.socket(socket.AF_PACKET, socket.SOCK_RAW | socket.SOCK_CLOEXEC, 0)
    try:
        socket.if_nametoindex(interface)
    except OSError:
        made.close()
        raise
    return made


def attach_filter(packet_socket: socket.socket, program: Iterable[Instruction]) -> None:
    """Put a filter in force; replacing one is atomic (socket(7), SO_ATTACH_FILTER).

    Raises:
        OSError: the kernel refused the program.
    """
    packed = b"".join(struct.pack("=HBBI", *instruction) for instruction in program)
    buffer = array.array("B", packed)
    address, _ = buffer.buffer_info()
    packet_socket.setsockopt(
        socket.SOL_SOCKET, _SO_ATTACH_FILTER, struct.pack("HP", len(packed) // 8, address)
    )


class Statistics(NamedTuple):
    """What the ring has seen since it was made.

    Attributes:
        packets: passed by the filter, dropped ones included.
        dropped: lost because every block was full.
        freezes: times that all blocks were full.
    """

    packets: int
    dropped: int
    freezes: int


class Ring:
    """A bound socket and its mapped blocks."""

    def __init__(
        self,
        packet_socket: socket.socket,
        interface: str,
        *,
        block_bytes: int = DEFAULT_BLOCK_BYTES,
        blocks: int = DEFAULT_BLOCKS,
        retire_ms: int = DEFAULT_RETIRE_MS,
    ) -> None:
        """Map the ring and bind; a filter attached before is in force from the first packet.

        Raises:
            OSError: no memory for the ring, or the interface is gone.
        """
        self.socket = packet_socket
        self.interface = interface
        self.retire_ms = retire_ms
        self._block_bytes = block_bytes
        self._blocks = blocks
        self._next = 0
        self._totals = Statistics(0, 0, 0)
        packet_socket.setsockopt(_SOL_PACKET, _PACKET_VERSION, _TPACKET_V3)
        frame_bytes = 2048  # only has to divide the block; V3 packs packets of any size
        frames = block_bytes // frame_bytes * blocks
        request = struct.pack("=7I", block_bytes, blocks, frame_bytes, frames, retire_ms, 0, 0)
        packet_socket.setsockopt(_SOL_PACKET, _PACKET_RX_RING, request)
        self._memory = mmap.mmap(packet_socket.fileno(), block_bytes * blocks)
        self._view = memoryview(self._memory)
        # Loopback shows each packet leaving and arriving; arriving is once and enough.
        self.hardware = self._hardware_of(interface)
        if self.hardware == _ARPHRD_LOOPBACK:
            packet_socket.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        packet_socket.bind((interface, _ETH_P_ALL))

    @staticmethod
    def _hardware_of(interface: str) -> int:
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM | socket.SOCK_CLOEXEC) as asking:
            return hardware_type(asking, interface)

    def fileno(self) -> int:
        """The descriptor to poll; readable when a block is handed over."""
        return self.socket.fileno()

    def statistics(self) -> Statistics:
        """Totals since the ring was made (the kernel's own counters restart at each reading)."""
        read = self.socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 12)
        packets, dropped, freezes = struct.unpack("=III", read)
        before = self._totals
        self._totals = Statistics(
            before.packets + packets, before.dropped + dropped, before.freezes + freezes
        )
        return self._totals

    def blocks(self) -> Iterator[tuple[memoryview, int]]:
        """Give each block handed over as (its used bytes, packets in it).

        The view is the kernel's again as soon as the iteration goes on: copy or write it
        at once.
        """
        for _ in range(self._blocks):
            start = self._next * self._block_bytes
            if not _STATUS.unpack_from(self._memory, start + _STATUS_AT)[0] & _STATUS_USER:
                return
            _, _, _, packets, _, length = _BLOCK_HEAD.unpack_from(self._memory, start)
            yield self._view[start : start + length], packets
            _STATUS.pack_into(self._memory, start + _STATUS_AT, _STATUS_KERNEL)
            self._next = (self._next + 1) % self._blocks

    def close(self) -> None:
        """Unmap the ring and close the socket; what was not read is lost."""
        self._view.release()
        self._memory.close()
        self.socket.close()


def hardware_type(asking: socket.socket, interface: str) -> int:
    """Give an interface's ARPHRD_ number (netdevice(7), SIOCGIFHWADDR).

    Raises:
        OSError: no such interface.
    """
    import fcntl

    answer = fcntl.ioctl(asking, 0x8927, struct.pack("16s24x", interface.encode()))
    number: int = struct.unpack_from("=H", answer, 16)[0]
    return number


def packets_of_block(block: bytes | memoryview) -> Iterator[RingPacket]:
    """Read the packets of a block, also one that was cut or damaged: never raises.

    A packet that does not lie wholly inside the block ends the reading.
    """
    size = len(block)
    if size < _BLOCK_HEAD.size:
        return
    _, _, _, count, position, _ = _BLOCK_HEAD.unpack_from(block, 0)
    for _ in range(count):
        if position + _PACKET_TYPE_AT >= size:
            return
        step, second, nanosecond, kept, length, status, mac, _ = _PACKET_HEAD(block, position)
        start = position + mac
        if start + kept > size:
            return
        vlan = None
        if status & _VLAN_VALID:
            vlan = _VLAN(block, position + _VLAN_AT)[0] & 0xFFFF
        yield RingPacket(
            second * 1_000_000_000 + nanosecond,
            bytes(block[start : start + kept]),
            length,
            block[position + _PACKET_TYPE_AT] == 4,
            bool(status & _LOSING),
            vlan,
        )
        if step == 0:
            return
        position += step
