import socket
s = socket.create_server(("127.0.0.1", 21220))
print("server started")
conn, addr = s.accept()
photo = b""
while True:
    packet = conn.recv(2048)
    if not packet:
        break
    photo += packet
print("photo received,", len(photo))
conn.sendall(b"thank you")
conn.close()
