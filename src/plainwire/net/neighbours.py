"""Resolve a next hop's MAC on request, and say what was sent for it.

With CAP_NET_ADMIN the kernel is asked to resolve (`NTF_USE`): only ARP or NDP leaves. As
an ordinary user one empty UDP datagram goes to the *next hop's* discard port (RFC 863), for
which the kernel has to resolve it. Waits for the kernel's notice, not for time. Linux only.
"""

from __future__ import annotations

import select
import socket
import time
from typing import TYPE_CHECKING

from plainwire.net.errors import KernelError
from plainwire.net.model import Address, Neighbour, NeighbourState, Reason, reason

if TYPE_CHECKING:
    from plainwire.net.kernel import Kernel

# linux/rtnetlink.h: the group that hears of neighbour changes; open to everyone.
RTMGRP_NEIGH = 4
# An absent neighbour is asked three times, one second apart (arp(7): mcast_solicit 3,
# retrans_time 1 s), then the entry is FAILED; a little more for a busy machine.
RESOLVE_SECONDS = 4.0
DISCARD_PORT = 9
_SETTLED = frozenset({NeighbourState.REACHABLE, NeighbourState.FAILED, NeighbourState.PERMANENT})


def resolve_neighbour(
    kernel: Kernel, address: Address, interface: int, seconds: float = RESOLVE_SECONDS
) -> tuple[Neighbour, Reason]:
    """Make the kernel ask for a neighbour; return the entry afterwards and what was sent.

    Args:
        kernel: an open netlink socket.
        address: the next hop, never a far destination.
        interface: the number of the interface it is on.
        seconds: how long to wait at most; the entry is returned in whatever state.

    Raises:
        KernelError: the system refuses the notices.
    """
    protocol = "ARP" if address.version == 4 else "NDP"
    deadline = time.monotonic() + seconds
    try:
        notices = socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE)
    except OSError as error:
        raise KernelError("error-netlink", detail=error.strerror or str(error)) from error
    with notices:
        notices.bind((0, RTMGRP_NEIGH))
        if kernel.probe_neighbour(address, interface):
            sent = reason("sent-netlink", protocol=protocol)
        else:
            sent = _datagram(address, interface, protocol)
        entry = kernel.neighbour(address, interface)
        heard = sent.code != "sent-refused"
        while heard and entry.state not in _SETTLED:
            left = max(0.0, deadline - time.monotonic())
            heard = bool(select.select([notices], [], [], left)[0])
            if heard:
                notices.recv(65536)
            # Also after the last wait: a process that was not run meanwhile missed the notice.
            entry = kernel.neighbour(address, interface)
    return entry, sent


def _datagram(address: Address, interface: int, protocol: str) -> Reason:
    family = socket.AF_INET if address.version == 4 else socket.AF_INET6
    target: tuple[str, int] | tuple[str, int, int, int] = (str(address), DISCARD_PORT)
    if address.version == 6:
        scope = interface if address.is_link_local else 0
        target = (str(address), DISCARD_PORT, 0, scope)
    try:
        with socket.socket(family, socket.SOCK_DGRAM) as sender:
            sender.setblocking(False)
            sender.sendto(b"", target)
    except OSError as error:
        return reason("sent-refused", detail=error.strerror or str(error))
    return reason("sent-datagram", address=str(address), protocol=protocol)
