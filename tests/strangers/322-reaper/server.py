import socket, threading, time
sessions = {}
def reaper():
    while True:
        time.sleep(10)
        for k, (c, t) in list(sessions.items()):
            if time.time() - t > 10: c.close(); del sessions[k]
threading.Thread(target=reaper, daemon=True).start()
ls = socket.create_server(("127.0.0.1", 26370))
while True:
    c, a = ls.accept(); c.settimeout(0.5)
    q = c.recv(100); c.sendall(b"session %d\n" % a[1]); sessions[a] = c, time.time()
