import socket
def header(s):
    h = b""
    while not h.endswith(b"\n"): h += s.recv(1)
    return int(h)
for n in (1, 1400, 99999):
    s = socket.create_connection(("127.0.0.1", 20770)); s.sendall(b"%d\n" % n)
    left = header(s); bar = 0
    while left > 0:
        chunk = s.recv(min(4096, left)); left -= len(chunk); bar += 1
    print("received", n, "left", left)
    s.sendall(b"DONE\n"); s.close()
