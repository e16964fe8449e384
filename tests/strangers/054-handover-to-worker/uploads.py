import queue, socket, threading

def recvn(s, n):
    b = bytearray()
    while len(b) < n:
        p = s.recv(n - len(b))
        if not p: raise EOFError
        b += p
    return bytes(b)

jobs = queue.Queue()

def worker():
    while (job := jobs.get()) is not None:
        sock, size = job
        body = recvn(sock, size)
        sock.sendall(b"%08d" % sum(body))
        sock.close()

ws = [threading.Thread(target=worker) for _ in range(2)]
for w in ws: w.start()
l = socket.create_server(("127.0.0.1", 20540))
for _ in range(4):
    s, _ = l.accept()
    size = int.from_bytes(recvn(s, 4), "little")     # the header here, the body by a worker
    jobs.put((s, size))
for w in ws: jobs.put(None)
for w in ws: w.join()
l.close()
print("all uploads done")
