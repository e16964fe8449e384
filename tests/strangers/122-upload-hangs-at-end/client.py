import socket
s = socket.socket()
s.connect(("127.0.0.1", 21220))
photo = b"\xff\xd8" + b"\x01" * 60000 + b"\xff\xd9"
s.sendall(photo)
print("photo sent")
print(s.recv(1024))
s.close()
