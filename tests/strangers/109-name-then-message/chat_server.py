import socket, threading

class ClientHandler(threading.Thread):
    def __init__(self, sock):
        super().__init__()
        self.sock = sock
    def run(self):
        self.sock.send(b"OK")
        # first comes the name, then the first message
        threading.Event().wait(0.2)
        self.name = self.sock.recv(1024).decode()
        print("new user:", self.name)
        message = self.sock.recv(1024).decode()
        self.sock.send(f"{self.name} said {message}".encode())
        self.sock.close()

s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 21090))
s.listen()
for _ in range(1):
    c, a = s.accept()
    h = ClientHandler(c)
    h.start()
h.join()
