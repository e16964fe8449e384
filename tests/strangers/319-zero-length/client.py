import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.settimeout(1); u.connect(("127.0.0.1", 26190))
for _ in range(8): u.send(b""); assert u.recv(10) == b""
u.close()
a, b = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
for _ in range(5): a.send(b""); b.recv(10)
a.close(); b.close(); time.sleep(0.2)
s = socket.create_connection(("127.0.0.1", 26190)); s.sendall(b"query"); s.shutdown(socket.SHUT_WR)
for _ in range(4): s.recv(0)
print(len(s.makefile("rb").read())); s.close()
