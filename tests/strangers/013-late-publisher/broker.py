# subscribers say SUB, the publisher says PUB text; then everybody is served
import socket, threading
subs, lock = [], threading.Lock()

def serve(c):
    f = c.makefile('rwb')
    for line in f:
        if line == b'SUB\n':
            with lock: subs.append(f)
        elif line.startswith(b'PUB '):
            with lock:
                for s in subs:
                    s.write(line[4:]); s.flush()
        elif line == b'BYE\n':
            with lock:
                if f in subs: subs.remove(f)
            break
    f.close(); c.close()

L = socket.create_server(('127.0.0.1', 20130))
while True:
    c, _ = L.accept()
    threading.Thread(target=serve, args=(c,), daemon=True).start()
