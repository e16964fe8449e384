import socket, struct
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 21142)); s.settimeout(6)
while True:
    n = s.recv_into(bytearray(1), 0, socket.MSG_PEEK | socket.MSG_TRUNC)   # how long is it?
    head = s.recv(4, socket.MSG_PEEK)                                     # which kind is it?
    if head == b"JUNK": s.recv(1); print("dropped", n); continue          # discard a datagram
    buf = bytearray(n); m, a = s.recvfrom_into(buf); print("took", m); s.sendto(b"ok %d" % m, a)
    if head == b"LAST": break
s.close()
