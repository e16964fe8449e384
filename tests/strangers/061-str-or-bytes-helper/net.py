import socket
class Line:
    def __init__(self, sock): self.sock, self.rest = sock, b""
    def put(self, x):
        try:
            self.sock.sendall(x)
        except TypeError:                # text is welcome, too
            self.sock.sendall(str(x).encode())
        self.sock.sendall(b"\n")
    def get(self):
        while b"\n" not in self.rest:
            d = self.sock.recv(4096)
            if not d: return None
            self.rest += d
        l, self.rest = self.rest.split(b"\n", 1)
        return l
    def close(self): self.sock.close()
