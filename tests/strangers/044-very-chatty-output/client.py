import socket, sys
c = socket.create_connection(("127.0.0.1", 20440))
for i in range(8000):
    sys.stderr.write("client warning %d \u00e9\u4e2d\U0001f600\n" % i)
assert c.recv(10) == b"ok\n"
print("\x1b[31mred\x1b[0m \x00 \xff and no newline at the end", end="")
c.close()
