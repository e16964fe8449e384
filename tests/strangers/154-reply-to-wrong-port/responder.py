import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 21540)); u.settimeout(2.5)
try:
    while True:
        q, (host, port) = u.recvfrom(512)
        print("question", q)
        u.sendto(b"42", (host, 21541))        # clients use the next port
except socket.timeout: pass
