import socket, struct
c = socket.create_connection(("127.0.0.1", 20260))
r = c.makefile("rb")
size, = struct.unpack(">Q", r.read(8))
left, last = size, b""
while left:
    b = r.read(min(left, 50000))
    if not b: raise SystemExit("short file")
    left -= len(b); last = b
c.sendall(b"!")
print(size, last[-27:])
r.close(); c.close()
