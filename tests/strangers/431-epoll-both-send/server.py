import socket

import wire

SNAPSHOT = b"s" * 12_000_000

with socket.create_server(("127.0.0.1", 27549)) as srv:
    conn, _ = srv.accept()
    conn.setblocking(False)
    wire.send_all(conn, SNAPSHOT)
    got = wire.receive(conn, len(SNAPSHOT))
    print("server has the client's", got)
