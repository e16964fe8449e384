import socket
c = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
c.connect(("127.0.0.1", 21640))
c.send(b"notes.txt")
print(c.recv(1000))
