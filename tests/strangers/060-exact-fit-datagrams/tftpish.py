import socket
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.bind(("127.0.0.1", 20600))
data = bytes(range(256)) * 8                  # 2048 = 4 full blocks, so an empty one ends it
name, who = s.recvfrom(516)
for block in range(len(data) // 512 + 1):
    s.sendto(block.to_bytes(4, "big") + data[block * 512:(block + 1) * 512], who)
    ack, _ = s.recvfrom(4)
    assert ack == block.to_bytes(4, "big")
n = s.recv_into(bytearray(1), 1, socket.MSG_PEEK | socket.MSG_TRUNC)      # just ask for the size
msg = s.recv(n)
print("final", n, len(msg))
s.close()
