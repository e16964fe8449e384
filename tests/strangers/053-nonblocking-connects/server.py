import selectors, socket
sel = selectors.DefaultSelector()
l = socket.create_server(("127.0.0.1", 20530)); l.setblocking(False)
sel.register(l, selectors.EVENT_READ)
open_now, total = 0, 0
while total < 6 or open_now:
    for k, ev in sel.select():
        if k.fileobj is l:
            c, _ = l.accept(); c.setblocking(False)
            sel.register(c, selectors.EVENT_READ); open_now += 1; total += 1
        else:
            d = k.fileobj.recv(100)
            if d: k.fileobj.send(d[::-1])
            else: sel.unregister(k.fileobj); k.fileobj.close(); open_now -= 1
l.close(); sel.close()
