import socket
for _ in range(4):
    with socket.create_connection(("127.0.0.1", 21260), timeout=5) as s, s.makefile("rwb") as f:
        for i in range(12): f.write(b"set option %d\n" % i); f.flush(); f.readline()
        f.write(b"build\n"); f.flush(); n = 0
        while f.readline() != b"end\n": n += 1
        print(n, "files")
