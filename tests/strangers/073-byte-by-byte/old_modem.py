import socket, time
l = socket.create_server(("127.0.0.1", 20730)); c, _ = l.accept(); c.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
for ch in b"CONNECT 300\r\nNO CARRIER\r\n": c.send(bytes([ch])); time.sleep(.005)
c.close(); l.close()
