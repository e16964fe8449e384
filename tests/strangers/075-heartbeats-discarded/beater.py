import socket, time
with socket.create_connection(("127.0.0.1", 20750)) as s:
    for _ in range(20): s.send(b"."); time.sleep(0.1)
