import socket, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(3):
    u.sendto(b"announcement %d" % i, ("127.0.0.1", 21520))
print("all announced")
time.sleep(0.2)
u.close()
