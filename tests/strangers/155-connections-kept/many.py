import socket
for i in range(40):
    with socket.create_connection(("127.0.0.1", 21550)) as s:
        s.sendall(b"%d" % i)
        assert int(s.recv(10)) == 2 * i
print("40 visits")
import time; time.sleep(1.5)
