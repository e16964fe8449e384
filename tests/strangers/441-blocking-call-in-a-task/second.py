import socket
import time

time.sleep(0.5)
s = socket.create_connection(("127.0.0.1", 27578))
print(s.recv(100))
s.sendall(b"ann")
print(s.recv(100))
