import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for i in range(10): s.sendto(b"wake up please", ("127.0.0.1", 21254)); time.sleep(.1)
s.close()
