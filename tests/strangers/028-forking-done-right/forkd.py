import os, signal, socket, sys

def reap(signum, frame):
    while True:
        try:
            pid, _ = os.waitpid(-1, os.WNOHANG)
        except ChildProcessError:
            return
        if pid == 0:
            return

signal.signal(signal.SIGCHLD, reap)

lsock = socket.socket()
lsock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
lsock.bind(("127.0.0.1", 20280))
lsock.listen(8)
for _ in range(3):
    conn, addr = lsock.accept()
    pid = os.fork()
    if pid == 0:
        lsock.close()
        with conn:
            for line in conn.makefile("rb"):
                conn.sendall(b"%d says " % os.getpid() + line)
        os._exit(0)
    conn.close()              # the child has its own copy
lsock.close()
while True:
    try: os.wait()
    except ChildProcessError: break
print("all children done")
