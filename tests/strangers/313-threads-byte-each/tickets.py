import socket, threading
s = socket.create_server(('127.0.0.1', 13800)); c, _ = s.accept()
out = []
def take():
    while (t := c.recv(1)): out.append(t[0])
ts = [threading.Thread(target=take) for _ in range(4)]
for t in ts: t.start()
for t in ts: t.join()
print(sorted(out) == list(range(50)))
