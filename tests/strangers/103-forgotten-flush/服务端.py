# 多线程服务器：收到一行，回一行
import socket, threading

def 处理(连接):
    文件 = 连接.makefile("rw", encoding="utf-8")
    for 行 in 文件:
        print("收到", 行.strip())
        文件.write("回复: " + 行)
        文件.flush()
    连接.close()

监听 = socket.create_server(("127.0.0.1", 21030))
while True:
    连接, 地址 = 监听.accept()
    threading.Thread(target=处理, args=(连接,), daemon=True).start()
