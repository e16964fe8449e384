import socket, time
s = socket.create_server(('127.0.0.1', 14150))
while True:
    c, _ = s.accept()
    head = b''
    while b'\r\n\r\n' not in head:
        head += c.recv(1)
    print(head.split(b'\r\n')[0])
    c.sendall(b'HTTP/1.0 413 Too Large\r\nContent-Length: 0\r\n\r\n')
    c.close()
