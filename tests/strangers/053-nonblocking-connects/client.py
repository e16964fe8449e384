import errno, os, selectors, socket
sel = selectors.DefaultSelector()
for i in range(7):
    s = socket.socket(); s.setblocking(False)
    port = 20530 if i != 3 else 20531                   # number 3 has nobody at home
    err = s.connect_ex(("127.0.0.1", port))
    assert err in (0, errno.EINPROGRESS), err
    sel.register(s, selectors.EVENT_WRITE, i)
got = {}
while sel.get_map():
    for k, ev in sel.select(3):
        s, i = k.fileobj, k.data
        if ev & selectors.EVENT_WRITE:
            e = s.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR)
            if e:
                got[i] = os.strerror(e); sel.unregister(s); s.close()
            else:
                s.send(b"client %d" % i); sel.modify(s, selectors.EVENT_READ, i)
        else:
            got[i] = s.recv(100); sel.unregister(s); s.close()
print(got[3], len(got))
