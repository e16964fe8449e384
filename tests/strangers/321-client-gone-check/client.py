import socket
for _ in range(2):
    with socket.create_connection(("127.0.0.1", 26350)) as s:
        s.sendall(b"select *\n"); s.shutdown(socket.SHUT_WR); print(s.makefile().read().count("\n"))
