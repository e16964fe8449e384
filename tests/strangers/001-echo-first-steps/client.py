import socket

HOST = "127.0.0.1"
PORT = 20010

with socket.socket(socket.AF_INET, socket.SOCK_STREAM) as s:
    s.connect((HOST, PORT))
    for word in ["one", "two", "three", "four"]:
        s.sendall(word.encode())
        data = s.recv(1024)
        print("Received", repr(data))
