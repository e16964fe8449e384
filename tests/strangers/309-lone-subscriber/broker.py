import socket, threading
topics = {}
def serve(c):
    f = c.makefile('rb')
    for line in f:
        verb, topic, *rest = line.split(None, 2)
        if verb == b'SUB': topics.setdefault(topic, []).append(c)
        elif verb == b'PUB':
            for s in topics.get(topic, []): s.sendall(rest[0])
    for l in topics.values():
        if c in l: l.remove(c)
    f.close(); c.close()
b = socket.create_server(('127.0.0.1', 13350))
while True: threading.Thread(target=serve, args=b.accept()[:1], daemon=True).start()
