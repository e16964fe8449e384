import socket, time
time.sleep(0.8)
l = socket.create_server(("127.0.0.1", 20150))
c, a = l.accept()
f = c.makefile("rwb", buffering=0)
assert f.readline() == b"READY\n"
f.write(b"6*7\n")
print("result", f.readline())
f.close(); c.close(); l.close()
