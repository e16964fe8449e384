import socket
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.settimeout(0.1)
seq = 0
resent = 0
for chunk in [b"stop ", b"and ", b"wait ", b"is ", b"slow", b""]:
    for attempt in range(20):
        u.sendto(bytes([seq]) + chunk, ("127.0.0.1", 20230))
        try:
            ack, _ = u.recvfrom(16)
            if ack[0] == seq:
                break
        except socket.timeout:
            resent += 1
    seq ^= 1
u.close()
print("resent", resent)
