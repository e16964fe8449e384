import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(b"6*7?", ("127.0.0.1", 21540))
print(u.recvfrom(512))
