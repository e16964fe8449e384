import socket
with socket.socket() as s:
    s.connect(("127.0.0.1", 21630))
    s.sendall(b"GET / HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n")
    chunks = []
    while True:
        c = s.recv(2048)
        if not c: break
        chunks.append(c)
    print(b"".join(chunks))
