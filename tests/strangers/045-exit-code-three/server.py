import socket, threading, time
def h(c):
    with c:
        while b := c.recv(64): c.sendall(str(len(b)).encode() + b" ")
with socket.create_server(("127.0.0.1", 20450)) as l:
    for _ in range(2):
        c = l.accept()[0]; t = threading.Thread(target=h, args=(c,)); t.start(); t.join()
