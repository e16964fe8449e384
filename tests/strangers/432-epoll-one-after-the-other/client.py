import socket

import wire

MINE = b"c" * 12_000_000

with socket.create_connection(("127.0.0.1", 27549)) as s:
    s.setblocking(False)
    wire.send_all(s, MINE)
    print("client has the server's", wire.receive(s, len(MINE)))
