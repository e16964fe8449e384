import json
import socket
import time


def authorize(user):
    time.sleep(0.3)      # asks the database
    return user == "root"


sock = socket.create_server(("127.0.0.1", 21080))
conn, addr = sock.accept()
hello = json.loads(conn.recv(1024))
if authorize(hello["user"]):
    conn.sendall(b"granted")
    while True:
        data = conn.recv(1024)
        if not data:
            break
        event = json.loads(data)
        print("event", event["type"])
        time.sleep(0.1)
conn.close()
