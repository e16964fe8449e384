# two children, one per player, linked by a pipe; player 2 thinks for 10 s
import socket, multiprocessing as mp, threading
def child(c, me, other):
    def fwd():
        while True: c.sendall(me.recv())
    threading.Thread(target=fwd, daemon=True).start()
    while d := c.recv(100): other.send(d)
if __name__ == "__main__":
    s = socket.create_server(("127.0.0.1", 24006)); r1, w1 = mp.Pipe(False); r2, w2 = mp.Pipe(False)
    for me, ot in ((r1, w2), (r2, w1)):
        c, _ = s.accept(); p = mp.Process(target=child, args=(c, me, ot)); p.start(); c.close()
    p.join()
