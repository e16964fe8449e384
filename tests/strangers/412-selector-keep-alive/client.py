import socket


def recv_all(sock):
    data = b""
    while True:
        part = sock.recv(4096)
        if not part:
            break
        data += part
    return data


with socket.create_connection(("127.0.0.1", 7412)) as s:
    s.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    print(recv_all(s).decode())
