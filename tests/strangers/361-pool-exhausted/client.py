import socket
ss = []
for i in range(3):
    s = socket.create_connection(("127.0.0.1", 26550)); ss.append(s)
    s.sendall(b"hi"); print(i, s.recv(10), flush=True)
