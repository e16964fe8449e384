import socket, time
s = socket.create_connection(('127.0.0.1', 14330))
s.sendall(b'xx+22')
time.sleep(0.4)
print(s.recv(10))
