import socket
s = socket.create_connection(("127.0.0.1", 21250))
answer = b""
while True:
    d = s.recv(100)
    if d == b"": break
    answer += d
    print("so far", answer)
print("complete", answer)
