import socket

client = socket.socket()
client.connect(("127.0.0.1", 21010))
client.sendall("Maria".encode())
answer = client.recv(1024)
print(answer.decode())
client.close()
