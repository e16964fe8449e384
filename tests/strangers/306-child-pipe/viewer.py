import socket
s = socket.create_connection(('127.0.0.1', 13300))
while True:
    d = s.recv(1024)
    if not d: break
    print(d)
