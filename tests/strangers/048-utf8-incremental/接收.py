import codecs, socket
监听 = socket.create_server(("127.0.0.1", 20480))
连接, _ = 监听.accept()
解码器 = codecs.getincrementaldecoder("utf-8")()
全文 = ""
while True:
    块 = 连接.recv(7)
    全文 += 解码器.decode(块, final=not 块)
    if not 块: break
print(len(全文), 全文[-4:])
连接.close(); 监听.close()
