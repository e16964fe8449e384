import socket, time
s = socket.create_connection(("127.0.0.1", 24006)); time.sleep(10); s.sendall(b"e4"); time.sleep(.2)
