import selectors
import socket

sel = selectors.DefaultSelector()


class Session:
    def __init__(self, sock):
        self.sock = sock
        self.text = b""

    def readable(self):
        data = self.sock.recv(4096)
        if not data:
            sel.unregister(self.sock)
            self.sock.close()
            return
        self.text += data
        while b"\n" in self.text:
            line, self.text = self.text.split(b"\n", 1)
            self.sock.sendall(line.upper() + b"\n")


def accept(server):
    sock, _ = server.accept()
    sel.register(sock, selectors.EVENT_READ, Session(sock).readable)


server = socket.create_server(("127.0.0.1", 7419))
sel.register(server, selectors.EVENT_READ, lambda: accept(server))
while True:
    for key, _ in sel.select():
        key.data()
