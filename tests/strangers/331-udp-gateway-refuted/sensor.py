import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3): time.sleep(0.2); u.sendto(b"ev %d\n" % i, ("127.0.0.1", 26962))
