import threading, time
from pool import Pool

pool = Pool(("127.0.0.1", 20180), 2)

def call(cmd):
    with pool.connection() as s:
        s.sendall(cmd.encode() + b"\n")
        buf = b""
        while not buf.endswith(b"\n"):
            buf += s.recv(256)
        return buf[:-1].decode()

def user(i):
    for k in range(6):
        call(f"SET u{i}.{k} value-{i}-{k}")
        assert call(f"GET u{i}.{k}") == f"value-{i}-{k}"

ts = [threading.Thread(target=user, args=(i,)) for i in range(4)]
for t in ts: t.start()
for t in ts: t.join()
time.sleep(1)                    # the pool stays open and idle
print(call("GET u3.5"), call("GET nothing"), "connections:", pool.made)
pool.close()
