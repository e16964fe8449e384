"""Enter a private network with small segments and print what it is like, as JSON."""

from __future__ import annotations

import json
import os
import socket
import struct
import sys
import tempfile
import threading
from pathlib import Path

from plainwire.see.capture import live, private_net, recorded
from plainwire.see.capture.decode import Segment, decode_summary


def tcp_out_segments() -> int:
    names, values = (
        line.split() for line in Path("/proc/net/snmp").read_text().splitlines() if "Tcp:" in line
    )
    return int(dict(zip(names, values, strict=True))["OutSegs"])


def largest_payload() -> int:
    with tempfile.TemporaryDirectory() as folder:
        capture = live.Capture.start(Path(folder) / "x")
        with socket.create_server(("127.0.0.1", 0)) as listener:
            client = socket.create_connection(listener.getsockname())
            server, _ = listener.accept()
            with client, server:
                sending = threading.Thread(target=client.sendall, args=(bytes(200_000),))
                sending.start()
                left = 200_000
                while left:
                    left -= len(server.recv(left))
                sending.join()
        capture.stop()
        packets = recorded.CaptureFile(Path(folder) / "x").packets()
        summaries = [decode_summary(packet.data) for packet in packets]
    return max(found.payload_length for found in summaries if isinstance(found, Segment))


def main() -> None:
    uid_before = os.geteuid()
    entered = private_net.enter(mtu=1500, real_segments=True)
    counters = tcp_out_segments()
    import fcntl

    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as control:
        answer = fcntl.ioctl(control, 0x8921, struct.pack("16si20x", b"lo", 0))
    result = {
        "uid_before": uid_before,
        "uid": os.geteuid(),
        "entered_uid": entered.uid,
        "user_namespace": entered.user_namespace,
        "mtu": struct.unpack_from("=i", answer, 16)[0],
        "counters_at_start": counters,
        "largest_payload": largest_payload(),
    }
    json.dump(result, sys.stdout)


if __name__ == "__main__":
    main()
