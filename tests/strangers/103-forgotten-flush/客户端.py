import socket, threading
# 写线程和读线程
s = socket.create_connection(("127.0.0.1", 21030))
出 = s.makefile("w", encoding="utf-8")
入 = s.makefile("r", encoding="utf-8")
出.write("你好服务器\n")
print("已发送，等待回复")
print(入.readline())
出.write("再见\n")
print(入.readline())
s.close()
