import socket, time
s = socket.create_connection(("127.0.0.1", 21320))
for i in range(5):
    s.sendall(b"message %d" % i)
    print("sent", i)
    time.sleep(0.2)
s.close()
