import socket
s = socket.create_server(("127.0.0.1", 21320))
while True:
    conn, addr = s.accept()
    msg = conn.recv(1024)
    print("LOG", msg)
    conn.close()
