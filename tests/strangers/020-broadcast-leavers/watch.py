import socket, sys
n = int(sys.argv[1])
s = socket.create_connection(("127.0.0.1", 20200))
f = s.makefile("r")
for _ in range(n):
    print(f.readline().strip())
f.close()
s.close()       # 看够了
