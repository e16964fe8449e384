import socket
s = socket.create_connection(('127.0.0.1', 20130))
s.sendall(b'SUB\n')
f = s.makefile('rb')
print('waiting for news')
print('news:', f.readline())        # nothing for two seconds
print('news:', f.readline())
s.sendall(b'BYE\n')
f.close()
s.close()
