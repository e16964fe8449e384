import socket

sock = socket.create_connection(("127.0.0.1", 9341))
sock.settimeout(0.8)
answer = b""
words = [b"ping", b"ping", b"stop"]
while not answer:
    sock.sendall(words.pop(0))
    try:
        answer = sock.recv(64)
    except TimeoutError:
        print("no answer yet, asking again")
print(answer.decode())
sock.close()
