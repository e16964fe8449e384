import socket, time
time.sleep(2)
with socket.create_connection(('127.0.0.1', 20130)) as s:
    s.sendall(b'PUB it rains\nPUB it stopped\n')
    s.sendall(b'BYE\n')
    s.recv(1)
