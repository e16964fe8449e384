import socket
s = socket.socket()
s.connect(("127.0.0.1", 21090))
assert s.recv(2) == b"OK"
s.send(b"alice")
s.send(b"hello everybody")
print(s.recv(1024))
