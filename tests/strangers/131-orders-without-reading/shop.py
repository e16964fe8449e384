import socket
s = socket.create_connection(("127.0.0.1", 21310))
s.sendall(b"order 1\n")
print(s.recv(100))
for i in range(2, 11):
    s.sendall(b"order %d\n" % i)
import time; time.sleep(0.2)
s.close()
print("10 orders placed")
