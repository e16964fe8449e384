import socket


def chunks(sock):
    yield from iter(lambda: sock.recv(2048), b"")


with socket.create_connection(("127.0.0.1", 7418)) as sock:
    sock.sendall(b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n")
    print(len(b"".join(chunks(sock))), "bytes")
