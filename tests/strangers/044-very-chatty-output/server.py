import socket, sys
s = socket.create_server(("127.0.0.1", 20440)); c, _ = s.accept()
for i in range(8000):
    print("server debug line", i, "x" * 40)
c.sendall(b"ok\n")
print(c.recv(10)); c.close(); s.close()
