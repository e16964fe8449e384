import os, socket, struct, time
jr, jw = socket.socketpair(); rr, rw = socket.socketpair(); kids = []
for i in range(3):
    if (p := os.fork()) == 0:
        jw.close(); rr.close()
        while len(j := jr.recv(8)) == 8:
            time.sleep(0.005); rw.sendall(struct.pack("!Q", struct.unpack("!Q", j)[0] ** 2))
        os._exit(0)
    kids.append(p)
jr.close(); rw.close()
for n in range(40): jw.sendall(struct.pack("!Q", n))
jw.close(); tot = 0; f = rr.makefile("rb")
while b := f.read(8): tot += struct.unpack("!Q", b)[0]
[os.waitpid(k, 0) for k in kids]; print(tot == sum(n * n for n in range(40))); f.close(); rr.close()
