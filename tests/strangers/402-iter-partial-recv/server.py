import socket
from functools import partial
ls = socket.create_server(("127.0.0.1", 26402))
def chunks(c):
    yield from iter(partial(c.recv, 512), b"")
while True:
    c, _ = ls.accept()
    data = b"".join(chunks(c))
    c.sendall(b"%d bytes stored" % len(data)); c.close()
