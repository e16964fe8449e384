import socket, sys, threading, time

name = sys.argv[1]
lines = sys.argv[2:]
s = socket.create_connection(("127.0.0.1", 20100))

def show():
    buf = b""
    while True:
        d = s.recv(2048)
        if not d:
            return
        buf += d
        while b"\n" in buf:
            l, buf = buf.split(b"\n", 1)
            print(f"[{name}] {l.decode()}")

t = threading.Thread(target=show)
t.start()
s.sendall(name.encode() + b"\n")
time.sleep(1.2)                     # let the others come in
for l in lines:
    s.sendall(l.encode() + b"\n")
    time.sleep(0.15)
time.sleep(0.3)
s.shutdown(socket.SHUT_WR)
t.join()
s.close()
