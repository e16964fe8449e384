import socket

with socket.create_connection(("127.0.0.1", 27563)) as s:
    for cmd in ("right", "right", "up"):
        s.sendall(cmd.encode())
        print("sent", cmd)
