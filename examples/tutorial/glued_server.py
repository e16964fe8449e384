"""粘包: receives two messages, and believes that one recv gives one message."""

import socket
import time

server = socket.socket()
server.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
server.bind(("127.0.0.1", 8083))
server.listen()
conn, address = server.accept()
time.sleep(0.3)  # the server is busy; both messages arrive meanwhile
first = conn.recv(1024)
second = conn.recv(1024)
print("first message: ", first.decode())
print("second message:", second.decode())
conn.close()
server.close()
