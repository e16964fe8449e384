import socket

with socket.create_connection(("127.0.0.1", 27563)) as s:
    for cmd in ("r", "r", "u"):
        s.sendall(cmd.encode())
        print("sent", cmd)
