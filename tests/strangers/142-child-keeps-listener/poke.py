import socket
s = socket.create_connection(("127.0.0.1", 21420)); s.sendall(b"reload"); s.recv(1); s.close()
