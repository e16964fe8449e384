import socket, time
c = socket.create_connection(('127.0.0.1', 14150))
body = b'x' * 3000
c.sendall(b'POST /upload HTTP/1.0\r\nContent-Length: 6000\r\n\r\n' + body)
time.sleep(0.3)
c.sendall(body)
print(c.recv(1000))
