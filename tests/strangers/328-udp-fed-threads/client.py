import socket
s = socket.create_connection(("127.0.0.1", 26501)); s.sendall(b"hello\n")
for line in s.makefile("r"): print(line.strip(), flush=True)
