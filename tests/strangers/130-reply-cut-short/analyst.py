import socket, time
s = socket.create_connection(("127.0.0.1", 21300))
s.sendall(b"SELECT * FROM sales WHERE id IN (" + b",".join(b"%d" % i for i in range(3000)) + b")\n")
total = 0
while True:
    part = s.recv(100_000)
    if not part:
        break
    total += len(part)
    time.sleep(0.01)              # writing to a slow disk
print("report complete:", total)
