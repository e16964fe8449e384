import os, socket, threading, select
stop_r, stop_w = socket.socketpair(); out = []
def worker(k):
    stop_r.recv(1); out.append(k)
ts = [threading.Thread(target=worker, args=(k,)) for k in range(4)]; [t.start() for t in ts]
pool_r, pool_w = socket.socketpair()
kids = []
for i in range(3):
    if (p := os.fork()) == 0:
        pool_w.close(); stop_w.close()
        while True:
            m, fds, _, _ = socket.recv_fds(pool_r, 1, 1)
            if not m: os._exit(0)
            with socket.socket(fileno=fds[0]) as c:
                c.sendall(b"hi " + c.recv(100))
    kids.append(p)
pool_r.close()
ls = socket.create_server(("127.0.0.1", 26010))
for _ in range(15):
    c, _ = ls.accept(); socket.send_fds(pool_w, [b"c"], [c.fileno()]); c.close()
pool_w.close(); [os.waitpid(k, 0) for k in kids]
stop_w.close(); [t.join() for t in ts]; stop_r.close(); ls.close(); print(sorted(out))
