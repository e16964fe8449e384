import socket
import time


def recv_file(sock):
    time.sleep(0.1)
    size = int(sock.recv(10))
    data = b""
    while len(data) < size:
        data += sock.recv(1024)
    return data


with socket.create_connection(("127.0.0.1", 27421)) as s:
    print(len(recv_file(s)))
