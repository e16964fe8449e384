import socket, threading
def serve(c):
    buf = b""
    while b"\r\n\r\n" not in buf:
        buf += c.recv(4096) or b"\r\n\r\n"
    c.sendall(b"HTTP/1.0 200 OK\r\n\r\nhello\n")
    c.close()
l = socket.create_server(("127.0.0.1", 21620))
while True: threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
