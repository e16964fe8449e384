import socket
MAX = 10000
l = socket.create_server(("127.0.0.1", 21290))
while True:
    c, _ = l.accept()
    head = b""
    while not head.endswith(b"\r\n\r\n"): head += c.recv(1)
    size = int(head.split(b"Content-Length: ")[1].split(b"\r\n")[0])
    if size > MAX:
        c.sendall(b"HTTP/1.1 413 Payload Too Large\r\nContent-Length: 0\r\n\r\n")
        c.close()
        continue
    while size: size -= len(c.recv(min(size, 4096)))
    c.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")
    c.close()
