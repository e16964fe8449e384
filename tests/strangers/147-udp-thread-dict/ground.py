import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", 21470)); u.settimeout(2.5)
n = 0
try:
    while True: u.recvfrom(1024); n += 1
except socket.timeout: print("telemetry packets:", n)
