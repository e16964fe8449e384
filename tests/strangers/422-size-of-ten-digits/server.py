import socket

FILE = b"\x89PNG" + bytes(range(200)) * 3

with socket.create_server(("127.0.0.1", 27421)) as srv:
    conn, _ = srv.accept()
    with conn:
        conn.sendall(b"%10d" % len(FILE))
        conn.sendall(FILE)
