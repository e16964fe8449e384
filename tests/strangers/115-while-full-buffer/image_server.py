import socket, time
IMAGE = bytes(range(256)) * 200
s = socket.create_server(("127.0.0.1", 21150))
conn, _ = s.accept()
name = conn.recv(100)
for i in range(0, len(IMAGE), 2500):
    conn.sendall(IMAGE[i:i + 2500])
    time.sleep(0.02)               # do not hurt the wifi
conn.recv(100)
conn.close()
