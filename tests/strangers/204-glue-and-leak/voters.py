import socket, time
for i in range(12):
    with socket.create_connection(("127.0.0.1", 22040)) as s:
        for v in ("yes", "no", "yes"): s.sendall(v.encode())
time.sleep(1.5)
