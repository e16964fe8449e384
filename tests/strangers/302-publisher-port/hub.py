import socket, threading
subs = []
def subscriber(c):
    while c.recv(64): pass
    subs.remove(c); c.close()
def publishers():
    p = socket.create_server(('127.0.0.1', 13061))
    while True:
        c, _ = p.accept()
        with c, c.makefile('rb') as f:
            for line in f:
                for s in list(subs): s.sendall(line)
threading.Thread(target=publishers, daemon=True).start()
s = socket.create_server(('127.0.0.1', 13060))
while True:
    c, _ = s.accept(); subs.append(c)
    threading.Thread(target=subscriber, args=(c,), daemon=True).start()
