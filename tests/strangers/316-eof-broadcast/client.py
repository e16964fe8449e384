import socket, threading
def one(i):
    with socket.create_connection(("127.0.0.1", 26010)) as s: s.sendall(b"c%d" % i); out.append(s.recv(100))
out = []
ts = [threading.Thread(target=one, args=(i,)) for i in range(15)]; [t.start() for t in ts]; [t.join() for t in ts]
print(len(out))
