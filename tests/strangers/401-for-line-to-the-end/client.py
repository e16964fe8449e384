import socket
s = socket.create_connection(("127.0.0.1", 26401)); f = s.makefile("rw")
f.write("to be or\nnot to be\n"); f.flush()
print(f.readlines())
