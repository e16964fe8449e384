import selectors, socket, types

sel = selectors.DefaultSelector()

def accept_wrapper(sock):
    conn, addr = sock.accept()
    conn.setblocking(False)
    data = types.SimpleNamespace(addr=addr, inb=b"", outb=b"")
    sel.register(conn, selectors.EVENT_READ | selectors.EVENT_WRITE, data=data)

def service_connection(key, mask):
    sock, data = key.fileobj, key.data
    if mask & selectors.EVENT_READ:
        recv_data = sock.recv(1024)
        if recv_data:
            data.outb += recv_data * 50
        else:
            sel.unregister(sock); sock.close(); return
    if mask & selectors.EVENT_WRITE and data.outb:
        sent = sock.send(data.outb)
        data.outb = data.outb[sent:]

lsock = socket.socket(); lsock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
lsock.bind(("127.0.0.1", 20650)); lsock.listen(); lsock.setblocking(False)
sel.register(lsock, selectors.EVENT_READ, data=None)
done = False
try:
    while True:
        for key, mask in sel.select(timeout=None):
            if key.data is None: accept_wrapper(key.fileobj)
            else: service_connection(key, mask)
        import time; time.sleep(0.002)
except KeyboardInterrupt:
    print("exiting")
finally:
    sel.close()
