import socket, threading, time, random
class Feed:
    def __init__(self): self.viewers = []
    def pump(self):
        while True:
            for v in self.viewers:
                v.send(b"%.2f\n" % random.uniform(10, 20))
            time.sleep(0.1)
feed = Feed()
threading.Thread(target=feed.pump, daemon=True).start()
with socket.create_server(("127.0.0.1", 21330)) as l:
    while True:
        v, who = l.accept()
        print("viewer", who[1] > 0)
        feed.viewers.append(v)
