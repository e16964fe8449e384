import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(2000):
    u.sendto(bytes(1400), ('127.0.0.1', 14200))
print('file sent')
