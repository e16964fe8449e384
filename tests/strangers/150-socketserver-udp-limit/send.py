import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as u:
    u.settimeout(2)
    for n in (100, 5000, 12000):
        u.sendto(b"%d:" % n + b"v" * n, ("127.0.0.1", 21500))
        print(n, u.recv(100))
