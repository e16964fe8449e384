import socket
import time

s = socket.create_connection(("127.0.0.1", 27578))
print(s.recv(100))
time.sleep(60)
