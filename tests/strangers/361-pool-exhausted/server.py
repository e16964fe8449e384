import socket
from concurrent.futures import ThreadPoolExecutor
def serve(c):
    with c:
        while d := c.recv(100): c.sendall(d)
ls = socket.create_server(("127.0.0.1", 26550))
with ThreadPoolExecutor(2) as ex:
    while True:
        c, _ = ls.accept(); ex.submit(serve, c)
