import socket, threading
from net_util import safe_send
def ask(c):
    answer = c.recv(100)
    safe_send(c, b"correct" if answer == b"42" else b"wrong")
    c.close()
s = socket.create_server(("127.0.0.1", 21650))
while True: threading.Thread(target=ask, args=s.accept()[:1], daemon=True).start()
