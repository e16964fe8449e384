import socket, struct, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
for seq in range(100):
    if seq % 10 != 3: s.sendto(struct.pack("!BBHII", 128, 96, seq, seq * 160, 7) + bytes(160), ("127.0.0.1", 21204))
    time.sleep(.01)
s.close()
