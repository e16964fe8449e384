import socket, select
ls = [socket.create_server(("127.0.0.1", p)) for p in (20162, 20167)]
while True:
    for l in select.select(ls, [], [])[0]:
        c, _ = l.accept()
        c.close()
