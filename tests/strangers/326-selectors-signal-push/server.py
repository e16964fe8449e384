import os, selectors, signal, socket
sel = selectors.DefaultSelector(); r, w = os.pipe(); os.set_blocking(w, False); os.set_blocking(r, False); signal.set_wakeup_fd(w); signal.signal(signal.SIGUSR1, lambda *a: None)
ls = socket.create_server(("127.0.0.1", 26470)); sel.register(ls, 1, "acc"); sel.register(r, 1, "sig"); subs = []
while True:
    for k, _ in sel.select():
        if k.data == "acc": c, _ = ls.accept(); sel.register(c, 1, "sub"); subs.append(c)
        elif k.data == "sig":
            os.read(r, 100)
            for c in subs: c.sendall(b"reload\n")
        else:
            d = k.fileobj.recv(100)
            if not d: sel.unregister(k.fileobj); subs.remove(k.fileobj); k.fileobj.close()
