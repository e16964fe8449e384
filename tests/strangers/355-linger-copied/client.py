import socket, time
s = socket.create_connection(('127.0.0.1', 14250))
s.sendall(b'get')
time.sleep(0.3)
data = b''
while True:
    d = s.recv(4096)
    if not d: break
    data += d
print(len(data))
