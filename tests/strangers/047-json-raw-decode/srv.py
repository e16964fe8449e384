import json, socket

def objects(sock):
    """JSON values one after another, no separator."""
    dec, buf = json.JSONDecoder(), ""
    while True:
        try:
            obj, end = dec.raw_decode(buf)
        except ValueError:
            d = sock.recv(100)
            if not d:
                return
            buf += d.decode("ascii")
        else:
            buf = buf[end:].lstrip()
            yield obj

l = socket.create_server(("127.0.0.1", 20470))
c, _ = l.accept()
n = 0
for o in objects(c):
    n += len(o["list"])
c.sendall(json.dumps({"total": n}).encode())
c.close(); l.close()
