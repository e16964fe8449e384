import socket
s = socket.socket()
s.connect(("127.0.0.1", 21150))
s.sendall(b"cat.png")
image = b""
while True:
    data = s.recv(1024)
    image += data
    if len(data) < 1024:
        break                      # last piece
print("image has", len(image), "bytes")
if len(image) < 51200:
    print("the picture is broken again??")
s.sendall(b"thanks")
while s.recv(1024): pass
s.close()
