import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 22030)); u.settimeout(2.5)
try:
    while True:
        d, who = u.recvfrom(32)
        print("registered", d)
        u.sendto(b"OK " + d, ("127.0.0.1", 22031))
except socket.timeout: pass
