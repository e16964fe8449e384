import socket, time
time.sleep(0.4)
with socket.create_connection(('127.0.0.1', 13350)) as s:
    s.sendall(b'PUB weather sunny\n'); s.sendall(b'PUB weather rain\n')
