import socket, threading, time
ours, theirs = socket.socketpair()
def worker():
    while True:
        cmd = theirs.recv(100).decode()
        if cmd == "stop": print("worker stops"); return
        if cmd == "beep": print("beep"); time.sleep(0.2)
        else: print("unknown command", repr(cmd)); return
t = threading.Thread(target=worker); t.start()
ours.send(b"beep")
time.sleep(0.05)
ours.send(b"beep")
ours.send(b"beep")
ours.send(b"stop")
t.join()
ours.close(); theirs.close()
