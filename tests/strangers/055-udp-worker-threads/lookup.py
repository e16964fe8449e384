import os, socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.settimeout(1)
def lookup(name):
    ident = os.urandom(2)
    for _ in range(3):
        s.sendto(ident + name.encode(), ("127.0.0.1", 20550))
        try:
            while True:
                r, _ = s.recvfrom(512)
                if r[:2] == ident: return r[2:].decode()
        except socket.timeout: pass
    return None
for i in range(0, 100, 9): assert lookup(f"host{i}") == f"10.0.0.{i}"
print(lookup("nobody"))
s.close()
