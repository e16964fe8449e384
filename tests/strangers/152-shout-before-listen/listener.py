import socket, time
time.sleep(0.5)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 21520))
for i in range(3):
    print(u.recvfrom(1000))
