import socket

with socket.create_server(("127.0.0.1", 7414)) as srv:
    conn, _ = srv.accept()
    with conn, conn.makefile("rb") as lines:
        for line in lines:
            if line == b"ping\n":
                conn.sendall(b"ready\n")
