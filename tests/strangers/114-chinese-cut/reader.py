import socket
s = socket.create_server(("127.0.0.1", 21140))
c, a = s.accept()
文章 = ""
while True:
    data = c.recv(1024)
    if not data:
        break
    文章 += data.decode("utf-8")
print("总共", len(文章), "个字")
c.close()
