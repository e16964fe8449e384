import socket
l = socket.create_server(("127.0.0.1", 22020))
while True:
    c, _ = l.accept()
    f = c.makefile("rw")
    ticket = f.readline()
    f.write("ticket " + ticket); f.flush()
    f.close(); c.close()
