import select, socket, time
def gone(c):
    r, _, _ = select.select([c], [], [], 0)
    try: return bool(r) and c.recv(1, socket.MSG_PEEK) == b"" and c.getsockopt(socket.SOL_SOCKET, socket.SO_ERROR) != 0
    except ConnectionError: return True
ls = socket.create_server(("127.0.0.1", 26350))
for _ in range(2):
    c, _ = ls.accept(); f = c.makefile("rb"); f.readline()
    for n in range(6):
        if gone(c): break
        c.sendall(b"row %d\n" % n); time.sleep(0.03)
    f.close(); c.close()
ls.close()
