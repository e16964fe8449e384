import socket

class Display:
    def __init__(self, host, port):
        self.sock = socket.socket()
        self.sock.settimeout(2)
        self.sock.connect_ex((host, port))     # _ex: no exceptions, robust!

    def show(self, celsius):
        self.sock.sendall(b"%.1f C\n" % celsius)

d = Display("127.0.0.1", 21380)
d.show(21.5)
d.show(21.7)
