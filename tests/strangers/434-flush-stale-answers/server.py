import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 21181)); s.settimeout(4)
try:
    while True:
        q, a = s.recvfrom(1000); n = 3 if q == b"noisy" else 1
        for i in range(n): s.sendto(q + b" answer copy %d" % i, a)
except TimeoutError: s.close()
