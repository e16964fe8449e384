import socket, time
s = socket.create_connection(('127.0.0.1', 13800))
for i in range(50): s.send(bytes([i])); time.sleep(.005)
s.close()
