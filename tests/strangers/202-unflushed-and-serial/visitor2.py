import socket, time
time.sleep(0.5)
s = socket.create_connection(("127.0.0.1", 22020))
s.sendall(b"my mouse\n")
print(s.recv(100))
