"""One question to the kernel: where would this flow go (`RTM_GETROUTE`), ports included.

pyroute2 (0.9.7) encodes and decodes the message but has no names for the attributes that
carry protocol and ports, and without them a policy rule that selects by port gives a wrong
answer. They are added here, by their numbers in linux/rtnetlink.h. Imported by `kernel`
with the first question; needs pyroute2.
"""

from __future__ import annotations

import os
import socket
import sys
from typing import Any

from pyroute2.netlink import nlmsg
from pyroute2.netlink.rtnl.rtmsg import rtmsg_base

RTM_GETROUTE, NLMSG_ERROR, NLM_F_REQUEST = 26, 2, 1
# The kernel answers within the send call; the limit is for a kernel that does not.
ANSWER_SECONDS = 5.0


class RouteMessage(rtmsg_base, nlmsg):  # type: ignore[misc]
    """An rtmsg that knows attributes 24 to 29, which follow those of pyroute2.

    A sibling of pyroute2's `rtmsg` and no child: a child would inherit the table of
    attributes that the parent compiles on first use, and drop the new ones silently.
    """

    __slots__ = ()
    nla_map = (
        *rtmsg_base.nla_map[:24],
        ("RTA_PAD", "hex"),
        ("RTA_UID", "uint32"),
        ("RTA_TTL_PROPAGATE", "uint8"),
        ("RTA_IP_PROTO", "uint8"),
        ("RTA_SPORT", "be16"),
        ("RTA_DPORT", "be16"),
    )


def ask_route(attributes: dict[str, Any], version: int, flags: int = 0) -> RouteMessage:
    """Send one question and read its answer.

    Args:
        attributes: by name, such as `RTA_DST`, `RTA_SRC`, `RTA_OIF`, `RTA_IP_PROTO`, `RTA_DPORT`.
        version: 4 or 6.
        flags: of the question, such as RTM_F_FIB_MATCH.

    Raises:
        OSError: the kernel refuses; its errno is the reason. Also when it does not answer.
    """
    message = RouteMessage()
    message["family"] = socket.AF_INET if version == 4 else socket.AF_INET6
    message["dst_len"] = 32 if version == 4 else 128
    message["src_len"] = message["dst_len"] if "RTA_SRC" in attributes else 0
    message["flags"] = flags
    message["attrs"] = list(attributes.items())
    message["header"]["type"] = RTM_GETROUTE
    message["header"]["flags"] = NLM_F_REQUEST
    message.encode()
    with socket.socket(socket.AF_NETLINK, socket.SOCK_RAW, socket.NETLINK_ROUTE) as link:
        link.settimeout(ANSWER_SECONDS)
        link.send(message.data)
        data = link.recv(65536)
    # struct nlmsghdr: length 4, type 2, flags 2, sequence 4, pid 4; then a negative errno.
    if int.from_bytes(data[4:6], sys.byteorder) == NLMSG_ERROR:
        code = -int.from_bytes(data[16:20], sys.byteorder, signed=True)
        raise OSError(code, os.strerror(code))
    answer = RouteMessage(data)
    answer.decode()
    return answer
