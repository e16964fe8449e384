import socket
s = socket.create_connection(("127.0.0.1", 21110))
s.recv(6)
for z in [10, 20, 30]:
    s.sendall(str(z).encode())
print("Summe ist", s.recv(64).decode())
s.close()
