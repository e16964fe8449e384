import socket, time
c = socket.create_connection(("127.0.0.1", 21430))
c.sendall(b"I am first"); print(c.recv(100))
time.sleep(20)          # reading the answer ...
c.close()
