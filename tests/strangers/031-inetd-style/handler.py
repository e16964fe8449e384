import socket, sys
sock = socket.socket(fileno=int(sys.argv[1]))
with sock, sock.makefile("rwb") as f:
    name = f.readline().strip()
    f.write(b"Hello, " + name + b"!\r\n")
    f.flush()
    while line := f.readline():
        f.write(line[::-1].strip() + b"\r\n"); f.flush()
