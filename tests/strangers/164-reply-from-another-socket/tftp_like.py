import socket
inp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); inp.bind(("127.0.0.1", 21640)); inp.settimeout(2.5)
out = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
try:
    while True:
        name, who = inp.recvfrom(100)
        out.sendto(b"contents of " + name, who)
        print("served", name)
except socket.timeout: pass
