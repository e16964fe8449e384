import socket, time
time.sleep(0.6)
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 20630))
m, a = u.recvfrom(100); u.sendto(b"WELCOME " + m.split()[1], a); u.close()
