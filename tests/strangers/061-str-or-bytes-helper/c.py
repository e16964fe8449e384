import socket, net
n = net.Line(socket.create_connection(("127.0.0.1", 20610)))
for x in (b"bytes", "text", 42, bytearray(b"array"), memoryview(b"view"), {"a": 1}): n.put(x)
for _ in range(6): print(n.get())
n.close()
