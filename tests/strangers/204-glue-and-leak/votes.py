import socket, threading, time
votes, conns = {}, []
def count(c):
    conns.append(c)
    time.sleep(0.1)
    while True:
        v = c.recv(100).decode()
        if not v: return
        votes[v] = votes.get(v, 0) + 1
        print(votes)
l = socket.create_server(("127.0.0.1", 22040))
while True: threading.Thread(target=count, args=(l.accept()[0],), daemon=True).start()
