import socket
request = "\r\n".join(["GET / HTTP/1.0", "Host: 127.0.0.1", "Accept: */*"]) + "\r\n"
s = socket.create_connection(("127.0.0.1", 21620))
s.sendall(request.encode("ascii"))
response = b""
while True:
    more = s.recv(4096)
    if not more: break
    response += more
print(response.decode())
