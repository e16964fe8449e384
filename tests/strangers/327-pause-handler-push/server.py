import signal, socket
ls = socket.create_server(("127.0.0.1", 26498)); c, _ = ls.accept()
signal.signal(signal.SIGUSR1, lambda *a: c.sendall(b"reload\n"))
while c.recv(100): pass
