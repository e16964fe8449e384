import socket
srv = socket.create_server(("127.0.0.1", 21170))
c, _ = srv.accept()
size = int(c.recv(20, socket.MSG_WAITALL))
import time; time.sleep(0.3)
got = 0
while (d := c.recv(65536)):
    got += len(d)
print(f"{got} of {size} bytes: {100 * got // size} %")
c.close()
