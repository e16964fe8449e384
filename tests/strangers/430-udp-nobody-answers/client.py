import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.sendto(b"zoe", ("127.0.0.1", 27575))
print(s.recvfrom(2048)[0])
