import socket
class Peer:
    def __init__(self, sock):
        self.sock = sock
        self.buf = b""
    def expect(self, word):
        while b";" not in self.buf:
            piece = self.sock.recv(512)
            if not piece:
                raise EOFError("connection lost")
            self.buf += piece
        got, self.buf = self.buf.split(b";", 1)
        if got != word:
            raise ValueError(got)
    def tell(self, word):
        self.sock.sendall(word + b";")
