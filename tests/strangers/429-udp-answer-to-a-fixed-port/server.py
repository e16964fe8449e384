import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 27574))
while True:
    name, addr = s.recvfrom(2048)
    print("hello from", name)
    s.sendto(b"welcome " + name, ("127.0.0.1", 27574 + 200))
