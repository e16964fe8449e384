import socket, threading

class Parser:
    """*2\r\n$3\r\nGET\r\n$1\r\na\r\n"""
    def __init__(self): self.b = b""
    def feed(self, d):
        self.b += d
        while True:
            cmd, rest = self.one(self.b)
            if cmd is None: return
            self.b = rest
            yield cmd
    @staticmethod
    def one(b):
        def line(b):
            i = b.find(b"\r\n")
            return (None, b) if i < 0 else (b[:i], b[i + 2:])
        l, b = line(b)
        if l is None: return None, b
        items = []
        for _ in range(int(l[1:])):
            l, b = line(b)
            if l is None: return None, b
            n = int(l[1:])
            if len(b) < n + 2: return None, b
            items.append(b[:n]); b = b[n + 2:]
        return items, b

def client(c):
    db, p = {}, Parser()
    with c:
        while True:
            d = c.recv(50)
            if not d: break
            out = []
            for cmd in p.feed(d):
                if cmd[0] == b"SET": db[cmd[1]] = cmd[2]; out.append(b"+OK\r\n")
                elif cmd[0] == b"GET":
                    v = db.get(cmd[1]); out.append(b"$-1\r\n" if v is None else b"$%d\r\n%s\r\n" % (len(v), v))
            if out: c.sendall(b"".join(out))

l = socket.create_server(("127.0.0.1", 20270))
while True:
    threading.Thread(target=client, args=(l.accept()[0],), daemon=True).start()
