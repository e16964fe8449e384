"""Run as a program inside a private host: predict the first frames, send, compare.

Arguments: a destination with a port, and `tcp` or `udp`. Captures what really leaves eth0
and prints {"predicted", "captured", "wrong"}: `wrong` names every field that was called
known and left with other bytes.
"""

from __future__ import annotations

import contextlib
import json
import socket
import sys
from typing import Any

from plainwire.net.ask import explain_destination
from plainwire.net.frame import EXAMPLE_PAYLOAD, Sure

ETH_P_ALL, PACKET_OUTGOING = 3, 4
SECONDS = 30.0


def send(target: Any, port: int, protocol: str) -> socket.socket:
    kind = socket.SOCK_STREAM if protocol == "tcp" else socket.SOCK_DGRAM
    family = socket.AF_INET if target.version == 4 else socket.AF_INET6
    sender = socket.socket(family, kind)
    sender.setblocking(False)
    with contextlib.suppress(BlockingIOError):
        sender.connect((str(target), port))
    if protocol == "udp":
        sender.send(EXAMPLE_PAYLOAD)
    return sender


def outgoing(capture: socket.socket, count: int) -> list[bytes]:
    found: list[bytes] = []
    while len(found) < count:
        data, origin = capture.recvfrom(65535)
        # Multicast listener reports and the like are not of this conversation.
        about = data[12:14] == b"\x08\x06" or data[23:24] in (b"\x06", b"\x11")
        about = about or (data[12:14] == b"\x86\xdd" and (data[20] in (6, 17) or data[54] == 135))
        if origin[2] == PACKET_OUTGOING and about:
            found.append(data)
    return found


def main() -> None:
    explanation = explain_destination(sys.argv[1], protocol=sys.argv[2])
    question, frames = explanation.question, explanation.frames
    with socket.socket(socket.AF_PACKET, socket.SOCK_RAW, socket.htons(ETH_P_ALL)) as capture:
        capture.bind(("eth0", 0))
        capture.settimeout(SECONDS)
        with send(question.destination, question.port, question.protocol):
            captured = outgoing(capture, len(frames))
    wrong = []
    for frame, data in zip(frames, captured, strict=True):
        at = 0
        for field in frame.fields:
            really = data[at : at + len(field.data)]
            if field.sure is Sure.KNOWN and really != field.data:
                wrong.append([frame.purpose, field.name, field.data.hex(), really.hex()])
            at += len(field.data)
        if at != len(data):
            wrong.append([frame.purpose, "length", str(at), str(len(data))])
    shown = {
        "predicted": [frame.purpose for frame in frames],
        "captured": [data.hex() for data in captured],
        "wrong": wrong,
    }
    json.dump(shown, sys.stdout)


if __name__ == "__main__":
    main()
