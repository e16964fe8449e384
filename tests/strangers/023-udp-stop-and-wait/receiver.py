# Stop-and-wait ARQ.  The channel is bad on purpose: every third DATA is "lost" here.
import socket
PORT = 20230
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
u.bind(("127.0.0.1", PORT))
expected, n, text = 0, 0, b""
while True:
    pkt, addr = u.recvfrom(2048)
    n += 1
    if n % 3 == 0:
        continue                      # simulated loss
    seq, payload = pkt[0], pkt[1:]
    if seq == expected:
        if payload == b"":
            break
        text += payload
        expected ^= 1
    u.sendto(bytes([seq]), addr)
for _ in range(3):
    u.sendto(bytes([seq]), addr)      # the last ack is never acked
print(text.decode())
u.close()
