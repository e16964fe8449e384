import socket
try:
    name = input('your name: ')
except EOFError:
    name = 'Guest'
sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
sock.connect(('127.0.0.1', 14020))
sock.sendall(name.encode())
print(sock.recv(1024).decode())
sock.close()
