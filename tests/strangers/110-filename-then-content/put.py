import socket
s = socket.create_connection(("127.0.0.1", 21100))
s.sendall("notes-110.txt".encode())
s.sendall(b"Milk, eggs, bread.")
s.close()
