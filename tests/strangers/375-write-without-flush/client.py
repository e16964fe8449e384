import socket
class CalcClient:
    def __init__(self, addr):
        self.sock = socket.create_connection(addr)
        self.io = self.sock.makefile("rw", encoding="ascii")
    def calc(self, expr):
        self.io.write(expr + "\n")
        return int(self.io.readline())
c = CalcClient(("127.0.0.1", 22009))
print(c.calc("6 * 7"))
