# my first server!!  (from the course, week 3)
import socket

HOST = "127.0.0.1"
PORT = 20010

s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind((HOST, PORT))
s.listen()
print("waiting...")
while True:
    conn, addr = s.accept()
    with conn:
        print("hello", addr[0])
        while True:
            data = conn.recv(1024)
            if not data:
                break
            conn.sendall(data)
    print("bye")
