import socket
s = socket.create_connection(("127.0.0.1", 20730))
line = b""
while (ch := s.recv(1)):
    line += ch
    if ch == b"\n": print(line); line = b""
s.close()
