import os, socket, time
r, w = socket.socketpair()
w.sendall(b"ABC")
kids = []
for i in range(8):
    if (p := os.fork()) == 0:
        for _ in range(4):
            t = r.recv(1); time.sleep(0.02); w.sendall(t)
        os._exit(0)
    kids.append(p)
print([os.waitpid(k, 0)[1] for k in kids])
left = r.recv(10)
print(sorted(left)); r.close(); w.close()
