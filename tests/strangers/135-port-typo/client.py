import socket
HOST, PORT = "127.0.0.1", 21350
print("connecting ...")
s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.connect((HOST, PORT))
print(s.recv(1024))
