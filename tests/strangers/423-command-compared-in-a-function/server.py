import socket
import time

pos = [0, 0]


def move(cmd):
    if cmd == "left":
        pos[0] -= 1
    elif cmd == "right":
        pos[0] += 1
    elif cmd == "up":
        pos[1] += 1
    else:
        print("unknown command", cmd)


with socket.create_server(("127.0.0.1", 27563)) as srv:
    conn, _ = srv.accept()
    time.sleep(0.2)  # load the map
    while True:
        data = conn.recv(1024)
        if not data:
            break
        move(data.decode())
    print("position", pos)
