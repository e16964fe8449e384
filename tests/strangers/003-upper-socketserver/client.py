import socket, threading

def ask(n):
    s = socket.socket(); s.connect(("127.0.0.1", 20030))
    f = s.makefile("rw", encoding="utf-8", newline="\n")
    for i in range(5):
        print("client", n, "line", i, file=f, flush=True)
        answer = f.readline().strip()
        assert answer == f"CLIENT {n} LINE {i}", answer
    f.close(); s.close()
    print(f"ok {n}\n", end="")

ts = [threading.Thread(target=ask, args=(k,)) for k in range(4)]
for t in ts: t.start()
for t in ts: t.join()
