import selectors
import socket

sock = socket.create_connection(("127.0.0.1", 7419))
sel = selectors.DefaultSelector()
sel.register(sock, selectors.EVENT_READ)
sock.sendall(b"hello")
answer = b""
while b"\n" not in answer:
    for key, _ in sel.select(timeout=0.4):
        answer += key.fileobj.recv(4096)
print(answer.decode())
