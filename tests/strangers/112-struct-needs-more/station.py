import socket, struct, time
FMT = "!Idf"
class Station:
    def __init__(self, port): self.s = socket.create_server(("127.0.0.1", port))
    def readings(self):
        c, _ = self.s.accept()
        with c:
            while True:
                raw = c.recv(struct.calcsize(FMT))
                if not raw: return
                yield struct.unpack(FMT, raw)
for ident, t, value in Station(21120).readings():
    print(ident, round(value, 1))
