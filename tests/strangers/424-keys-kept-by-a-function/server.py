import socket
import time

pos = [0, 0]
pending = []


def move(key):
    if key == "l":
        pos[0] -= 1
    elif key == "r":
        pos[0] += 1
    elif key == "u":
        pos[1] += 1


def take(text):
    if text == "q":
        print("leaves at once")
    pending.extend(text)


with socket.create_server(("127.0.0.1", 27563)) as srv:
    conn, _ = srv.accept()
    time.sleep(0.2)  # load the map
    while True:
        data = conn.recv(1024)
        if not data:
            break
        take(data.decode())
        while pending:
            move(pending.pop(0))
    print("position", pos)
