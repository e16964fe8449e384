import selectors, socket
sel = selectors.DefaultSelector()
PAGE = b"<p>lorem ipsum</p>\n" * 400000

class Conn:
    def __init__(self, sock):
        self.sock = sock; sock.setblocking(False)
        sel.register(sock, selectors.EVENT_READ, self.on_read)
    def on_read(self):
        req = self.sock.recv(1000)
        if req: self.reply(PAGE)
        sel.unregister(self.sock); self.sock.close()
    def reply(self, what):
        self.sock.send(b"%d\n" % len(what))
        self.sock.send(what)

l = socket.create_server(("127.0.0.1", 21160))
sel.register(l, selectors.EVENT_READ, lambda: Conn(l.accept()[0]))
while True:
    for key, _ in sel.select(): key.data()
