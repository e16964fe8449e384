import socket


def chunks(sock):
    yield from iter(lambda: sock.recv(2048), b"")


def get(path, host="127.0.0.1", port=27593):
    with socket.create_connection((host, port)) as sock:
        sock.sendall(f"GET {path} HTTP/1.1\r\nHost: {host}\r\n\r\n".encode())
        raw = b"".join(chunks(sock))
    head, _, body = raw.partition(b"\r\n\r\n")
    return head, body


head, body = get("/index.html")
print(len(body), "bytes")
