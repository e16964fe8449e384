import socket
f = socket.create_connection(("127.0.0.1", 26408)).makefile("rwb")
f.write(b"menu\n"); f.flush()
size = int(f.readline().split()[1])
print(f.read(size)); f.write(b"OK\n"); f.flush()
