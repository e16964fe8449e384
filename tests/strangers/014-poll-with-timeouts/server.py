import socket, time
srv = socket.create_server(('127.0.0.1', 20140))
c, _ = srv.accept()
for i in range(3):
    time.sleep(.7)
    c.sendall(b'event %d;' % i)
assert c.recv(10) == b'thanks'
c.close(); srv.close()
