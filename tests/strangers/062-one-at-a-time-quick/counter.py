import socket
hits = 0
s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 20620)); s.listen(5)
while True:
    c, a = s.accept()
    req = c.recv(100)
    if req:
        hits += 1
        c.send(("You are visitor number %d" % hits).encode())
    c.close()
