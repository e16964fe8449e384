import socket
from concurrent.futures import ThreadPoolExecutor
class Rpc:
    _conn = None
    @classmethod
    def conn(cls):
        if cls._conn is None: cls._conn = socket.create_connection(("127.0.0.1", 21600))
        return cls._conn
    def square(self, n):
        c = self.conn()
        c.sendall(n.to_bytes(4, "big"))
        return n, int.from_bytes(c.recv(4), "big")
rpc = Rpc(); rpc.square(1)
with ThreadPoolExecutor(6) as ex: out = list(ex.map(rpc.square, range(2, 80)))
print("wrong answers:", sum(n * n != r for n, r in out) > 0)
