"""Serves one guest, closes first (TIME_WAIT stays here), restarts at once on the same port."""
import socket

def generation(n):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    s.bind(("127.0.0.1", 20210))
    s.listen(1)
    c, _ = s.accept()
    s.close()                      # one guest only, nobody may queue up behind
    c.sendall(b"generation %d\n" % n)
    c.shutdown(socket.SHUT_WR)
    while c.recv(10): pass
    c.close()

for n in range(3):
    generation(n)
print("three restarts fine")
