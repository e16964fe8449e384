import socket
文章 = "床前明月光，疑是地上霜。举头望明月，低头思故乡。" * 40
c = socket.create_connection(("127.0.0.1", 21140))
c.sendall(文章.encode("utf-8"))
c.close()
