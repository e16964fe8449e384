import socket, threading
all_connections = []
def handle(c, a):
    n = int(c.recv(10))
    c.sendall(b"%d" % (n * 2))
s = socket.create_server(("127.0.0.1", 21550))
while True:
    c, a = s.accept()
    all_connections.append((c, a))
    threading.Thread(target=handle, args=(c, a)).start()
