import socket
for want in (5, 12):
    with socket.create_connection(("127.0.0.1", 20570)) as s:
        f = s.makefile("rb")
        print([int(f.readline().split()[1]) for _ in range(want)])
        f.close()
