import json, selectors, socket, threading

# main <-> worker over a socketpair; a second pair only wakes the selector up

class Worker(threading.Thread):
    def __init__(self):
        super().__init__()
        self.here, self.there = socket.socketpair()
        self.wake_r, self.wake_w = socket.socketpair()
        self.wake_r.setblocking(False); self.wake_w.setblocking(False)
        self.stop = False

    def run(self):
        sel = selectors.DefaultSelector()
        sel.register(self.there, selectors.EVENT_READ)
        sel.register(self.wake_r, selectors.EVENT_READ)
        buf = b""
        while not self.stop:
            for key, _ in sel.select():
                if key.fileobj is self.wake_r:
                    try: self.wake_r.recv(4096)         # however many, one is enough
                    except BlockingIOError: pass
                    continue
                buf += self.there.recv(100)
                *jobs, buf = buf.split(b"\n")
                for j in jobs:
                    a = json.loads(j)
                    self.there.sendall(json.dumps({"id": a["id"], "r": a["x"] ** 2}).encode() + b"\n")
        sel.close(); self.there.close(); self.wake_r.close()

    def poke(self):
        try: self.wake_w.send(b"\0")
        except BlockingIOError: pass

w = Worker(); w.start()
f = w.here.makefile("r")
for i in range(30):
    w.here.sendall(json.dumps({"id": i, "x": i}).encode() + b"\n")
    if i % 3 == 0: w.poke(); w.poke()
answers = [json.loads(f.readline()) for _ in range(30)]
print(sum(a["r"] for a in answers))
w.stop = True
w.poke()
w.join()
f.close(); w.here.close(); w.wake_w.close()
