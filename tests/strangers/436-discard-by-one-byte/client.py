import socket
with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as s:
    s.settimeout(5); s.connect(("127.0.0.1", 21142))
    for m in (b"DATA" + b"x" * 9000, b"JUNK" * 500, b"DATA", b"JUNK", b"LAST" + b"z" * 30000):
        s.send(m)
        if m[:4] != b"JUNK": print(s.recv(100))
