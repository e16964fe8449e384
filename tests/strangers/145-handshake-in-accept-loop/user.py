import socket, ssl, certs
time_limit = 3
ctx = ssl.create_default_context(cafile=certs.pair()[0])
import time; time.sleep(0.5)
with socket.create_connection(("127.0.0.1", 21450), timeout=time_limit) as raw, ctx.wrap_socket(raw, server_hostname="127.0.0.1") as s:
    s.sendall(b"hello"); print(s.recv(10))
