import socket
s = socket.create_connection(("127.0.0.1", 20060))
rf = s.makefile("r")
s.sendall(b"add 1 2\nrev abcdefghijklmnopqrst\nhel")
s.sendall(b"p\nadd 40 2\n")
print([rf.readline().strip() for _ in range(4)])
s.sendall(b"quit\n")
print(rf.readline().strip(), repr(rf.read()))
rf.close(); s.close()
