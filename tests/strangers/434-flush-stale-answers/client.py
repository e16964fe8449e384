import socket, time
s = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); s.connect(("127.0.0.1", 21181))
def flush():                       # throw away stale answers before a new question
    s.setblocking(False); n = 0
    try:
        while True: s.recv(1); n += 1
    except BlockingIOError: s.settimeout(2); return n
for q in (b"noisy", b"quiet", b"noisy", b"end"):
    print("stale:", flush()); s.send(q); print(s.recv(1500)); time.sleep(.1)
s.close()
