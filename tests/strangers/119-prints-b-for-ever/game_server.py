import socket, time
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 21190))
s.listen(1)
player, addr = s.accept()
x = y = 0
while True:
    move = player.recv(16)
    if move == b"left": x -= 1
    if move == b"right": x += 1
    print("position", x, y, "after", move)
    time.sleep(0.03)          # 30 frames per second
