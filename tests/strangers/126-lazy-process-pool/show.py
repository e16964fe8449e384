import socket
s = socket.create_connection(("127.0.0.1", 21260))
s.sendall(b"some words to render\n")
picture = []
while True:
    part = s.recv(4096)
    if not part: break
    picture.append(part); print("part of", len(part))
print(b"".join(picture).decode())
print("END OF PICTURE")
