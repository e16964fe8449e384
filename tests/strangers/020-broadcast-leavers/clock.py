# 广播服务器：每 0.1 秒报一次时间，客户端可以随时离开
import socket, threading, time

subs = []
lock = threading.Lock()

def accept_loop(l):
    while True:
        try:
            c, _ = l.accept()
        except OSError:
            return
        with lock:
            subs.append(c)

l = socket.create_server(("127.0.0.1", 20200))
threading.Thread(target=accept_loop, args=(l,), daemon=True).start()
for tick in range(30):
    with lock:
        for c in subs[:]:
            try:
                c.sendall(f"tick {tick}\n".encode())
            except (BrokenPipeError, ConnectionResetError):
                # 客户端已经走了，正常
                subs.remove(c)
                c.close()
                print("someone left")
    time.sleep(0.1)
for c in subs: c.close()
l.shutdown(socket.SHUT_RDWR)
l.close()
