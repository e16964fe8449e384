import socket, time
s = socket.socket()
s.connect(("127.0.0.1", 21190))
for m in (b"left", b"left", b"right"):
    s.send(m)
    time.sleep(0.2)
s.close()
print("game over")
