import socket, time
s = socket.create_connection(("127.0.0.1", 21450))     # only checks that the port is open ...
print("port is open")
time.sleep(20)
