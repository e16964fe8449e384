import socket
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 21430))
s.listen(5)
while True:
    c, addr = s.accept()
    while True:
        msg = c.recv(1024)
        if not msg: break
        c.sendall(b"echo: " + msg)
    c.close()
