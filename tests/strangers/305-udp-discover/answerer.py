import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.bind(('127.0.0.1', 13110))
q, who = s.recvfrom(1500)
s.sendto(b'ME', who)
