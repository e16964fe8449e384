import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
s.settimeout(0.3)
for i in range(14):
    s.sendto(b'WHO-IS-THERE', ('127.0.0.1', 13110))
    try:
        answer, addr = s.recvfrom(1500)
    except socket.timeout:
        continue
    print('found', answer, addr, i)
    break
else:
    print('nobody')
