import pickle, socket, threading
def serve(c):
    with c, c.makefile("rb") as r, c.makefile("wb") as w:
        while True:
            try: op, arg = pickle.load(r)
            except EOFError: return
            pickle.dump({"sorted": lambda a: sorted(a), "len": len}[op](arg), w)
            w.flush()
l = socket.create_server(("127.0.0.1", 20590))
t = threading.Thread(target=serve, args=l.accept()[:1]); t.start(); t.join(); l.close()
