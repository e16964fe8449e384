import socket, zlib, random
random.seed(1)
z = zlib.compressobj(9)
s = socket.create_connection(("127.0.0.1", 20660)); n = 0
for i in range(50):
    t = (str(random.random()) * 30).encode(); n += len(t)
    p = z.compress(t)
    if p: s.sendall(p)
s.sendall(z.flush())
print(int.from_bytes(s.recv(8, socket.MSG_WAITALL), "big") == n); s.close()
