import socket, time
s = socket.create_connection(("127.0.0.1", 20720)); t = time.time()
data = b""
while d := s.recv(100): data += d
s.close(); print(data, "EOF quick:", time.time() - t < 2)
