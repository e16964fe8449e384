import socket
s = socket.create_connection(("127.0.0.1", 26400)); s.sendall(b"watch\n"); f = s.makefile("r")
for line in f: print(line.strip(), flush=True)
