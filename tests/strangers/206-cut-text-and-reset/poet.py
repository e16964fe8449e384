import socket, time
POEM = ("白日依山尽，黄河入海流。欲穷千里目，更上一层楼。" * 40).encode()
l = socket.create_server(("127.0.0.1", 22060))
for _ in range(2):
    c, _ = l.accept()
    wish = c.recv(8)
    try:
        for i in range(0, len(POEM), 331):
            c.sendall(POEM[i:i + 331]); time.sleep(0.01)
    finally:
        c.close()
