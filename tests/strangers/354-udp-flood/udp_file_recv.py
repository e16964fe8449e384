import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(('127.0.0.1', 14200))
with open('/dev/null', 'wb') as f:
    for i in range(2000):
        block, _ = u.recvfrom(2048)
        f.write(block)
        time.sleep(0.001)
print('file complete')
