import socket
s = socket.create_connection(("127.0.0.1", 9376))
data = b""
while True:
    part = s.recv(1024)
    if not part:
        break
    data += part
print("server said", data)
