import socket, os, threading
def give(c):
    f = c.makefile("rb")
    n = int(f.readline())
    c.sendall(b"%d\n" % n)
    for i in range(0, n, 1400): c.send(b"D" * min(1400, n - i))
    f.readline()                 # DONE from the client
    f.close(); c.close()
l = socket.create_server(("127.0.0.1", 20770))
ts = []
for _ in range(3):
    t = threading.Thread(target=give, args=(l.accept()[0],)); t.start(); ts.append(t)
for t in ts: t.join()
l.close()
