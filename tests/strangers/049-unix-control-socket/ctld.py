import os, socket, tempfile, sys
PATH = os.path.join(tempfile.gettempdir(), "plain-corpus-049.sock")
try: os.unlink(PATH)
except FileNotFoundError: pass
with socket.socket(socket.AF_UNIX) as srv:
    srv.bind(PATH); srv.listen()
    state = {"volume": 5}
    while True:
        c, _ = srv.accept()
        with c, c.makefile("rw") as f:
            for line in f:
                w = line.split()
                if w[:1] == ["set"]: state[w[1]] = int(w[2]); print("ok", file=f, flush=True)
                elif w[:1] == ["get"]: print(state.get(w[1]), file=f, flush=True)
                elif w[:1] == ["stop"]:
                    print("stopping", file=f, flush=True); os.unlink(PATH); sys.exit()
