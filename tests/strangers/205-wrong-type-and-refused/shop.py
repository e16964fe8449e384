import socket, threading
def order(c):
    item = c.recv(100).decode()
    c.send("ordered " + item)
    c.close()
s = socket.create_server(("127.0.0.1", 22050))
while True: threading.Thread(target=order, args=(s.accept()[0],), daemon=True).start()
