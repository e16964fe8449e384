import socket, threading
subs = []
def feed():
    u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 26502))
    while True:
        d = u.recv(1000)
        for c in subs: c.sendall(d)
threading.Thread(target=feed, daemon=True).start()
ls = socket.create_server(("127.0.0.1", 26501)); c, _ = ls.accept(); subs.append(c)
while c.recv(100): pass
