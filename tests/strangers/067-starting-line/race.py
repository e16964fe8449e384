import socket, time
N = 3
l = socket.create_server(("127.0.0.1", 20670))
runners = []
while len(runners) < N:                 # nobody gets an answer before all are here
    c, _ = l.accept(); runners.append((c, c.recv(50).decode()))
    print(runners[-1][1], "is ready")
for c, _ in runners: c.sendall(b"GO!")
for c, n in runners:
    print(n, "->", c.recv(50).decode()); c.close()
l.close()
