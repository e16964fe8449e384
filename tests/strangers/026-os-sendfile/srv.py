import os, socket, struct, tempfile

def make_file():
    f = tempfile.TemporaryFile()
    for i in range(40000):
        f.write(b"%08d line of the file\n" % i)
    f.flush()
    return f

with make_file() as f, socket.create_server(("127.0.0.1", 20260)) as l:
    size = os.fstat(f.fileno()).st_size
    c, _ = l.accept()
    with c:
        c.sendall(struct.pack(">Q", size))
        off = 0
        while off < size:
            off += os.sendfile(c.fileno(), f.fileno(), off, 1 << 16)
        ack = c.recv(1)
        print("ack", ack)
