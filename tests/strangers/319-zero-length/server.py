import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 26190)); n = 0
while n < 8:
    d, a = u.recvfrom(100); n += 1
    u.sendto(b"", a)
u.close(); ls = socket.create_server(("127.0.0.1", 26190)); c, _ = ls.accept()
q = b""
while d := c.recv(10): q += d
for i in range(10):
    if c.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b"": pass   # half-closed, may still read
    c.sendall(b"part"); time.sleep(0.01)
c.close(); ls.close()
