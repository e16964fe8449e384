import socket, time
time.sleep(0.3); seen = {}
for _ in range(24):
    with socket.create_connection(("127.0.0.1", 20710)) as s:
        s.sendall(b"?"); t = s.recv(2, socket.MSG_WAITALL); seen[t] = seen.get(t, 0) + 1
        s.recv(1)
print(sum(seen.values()), sorted(seen))
