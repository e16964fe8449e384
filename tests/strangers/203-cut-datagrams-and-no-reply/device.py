import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.sendto(b"device=thermostat;room=living room;floor=2;owner=ann", ("127.0.0.1", 22030))
print(u.recv(100))
