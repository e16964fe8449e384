import random
import socket
import sys
import threading

# every thread pushes 300 kB in odd pieces and reads the echo in a second thread


def reader(sock, want, out):
    got = bytearray()
    while len(got) < want:
        part = sock.recv(5000)
        if not part:
            break
        got += part
    out.append(bytes(got))


def one(seed):
    rnd = random.Random(seed)
    blob = rnd.randbytes(300_000)
    out = []
    with socket.create_connection(("127.0.0.1", 20020)) as sock:
        t = threading.Thread(target=reader, args=(sock, len(blob), out))
        t.start()
        view = memoryview(blob)
        while view:
            n = rnd.randint(1, 30000)
            sock.sendall(view[:n])
            view = view[n:]
        t.join()
    results.append(out[0] == blob)


results = []
threads = [threading.Thread(target=one, args=(i,)) for i in range(3)]
[t.start() for t in threads]
[t.join() for t in threads]
print("all equal:", all(results))
sys.exit(0 if all(results) and len(results) == 3 else 1)
