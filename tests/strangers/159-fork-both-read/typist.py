import socket, time
s = socket.create_connection(("127.0.0.1", 21590))
time.sleep(0.3)
for i in range(20):
    s.sendall(b"command %d\n" % i); time.sleep(0.05)
s.close()
