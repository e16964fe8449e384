import socket

s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(("127.0.0.1", 27575))
s.sendto(b"server is up", ("127.0.0.1", 27775))  # to the display, if there is one
while True:
    name, addr = s.recvfrom(2048)
    print("hello from", name)
    if name == b"ann":
        s.sendto(b"welcome", addr)
