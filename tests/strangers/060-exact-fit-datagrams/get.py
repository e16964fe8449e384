import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.1", 20600)); s.settimeout(2)
s.send(b"file.bin")
out = b""
while True:
    p = s.recv(516)
    s.send(p[:4]); out += p[4:]
    if len(p) < 516: break
print(len(out)); s.send(b"z" * 20000); s.close()
