import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(300):
    s.sendto(b"%06d" % i + b"p" * 1000, ("127.0.0.1", 21530))
s.close()
