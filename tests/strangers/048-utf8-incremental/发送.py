import socket
s = socket.create_connection(("127.0.0.1", 20480))
t = "春眠不觉晓，处处闻啼鸟。😀".encode() * 20
for i in range(0, len(t), 11): s.sendall(t[i:i + 11])
s.close()
