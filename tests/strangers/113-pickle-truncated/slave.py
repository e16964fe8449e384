import socket
from transport import send_obj, recv_obj
c = socket.create_connection(("127.0.0.1", 21130))
for n in (10, 100, 20000):
    send_obj(c, list(range(n)))
    print(n, recv_obj(c))
send_obj(c, None)
