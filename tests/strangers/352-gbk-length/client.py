import socket, struct
c = socket.socket()
c.connect(('127.0.0.1', 14030))
msg = '我是学生'
c.sendall(struct.pack('i', len(msg.encode('utf-8'))))
c.sendall(msg.encode('gbk'))
print('服务器说:', c.recv(1024).decode('gbk'))
c.close()
