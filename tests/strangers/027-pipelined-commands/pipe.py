import socket

def enc(*a):
    return b"*%d\r\n" % len(a) + b"".join(b"$%d\r\n%s\r\n" % (len(x), x) for x in a)

s = socket.create_connection(("127.0.0.1", 20270))
batch = b"".join(enc(b"SET", b"k%d" % i, b"v" * i) for i in range(10)) + b"".join(enc(b"GET", b"k%d" % i) for i in range(11))
s.sendall(batch)                       # one send, 21 commands
f = s.makefile("rb")
for _ in range(10): assert f.readline() == b"+OK\r\n"
out = []
for _ in range(11):
    n = int(f.readline()[1:])
    out.append(None if n < 0 else f.read(n + 2)[:-2])
print(out[9], out[10])
f.close(); s.close()
