import queue, socket, threading, time

class Chatter:
    def __init__(self, nick):
        self.s = socket.create_connection(("127.0.0.1", 20110))
        self.inbox = queue.Queue()
        self.t = threading.Thread(target=self._pump)
        self.t.start()
        self.tell(nick)
        assert self.inbox.get(timeout=3).startswith("welcome")
    def _pump(self):
        with self.s.makefile("r", encoding="utf8", newline="\r\n") as f:
            for l in f:
                self.inbox.put(l.strip())
        self.inbox.put(None)
    def tell(self, t):
        self.s.sendall((t + "\r\n").encode("utf8"))
    def leave(self):
        self.tell("/quit")
        self.t.join()
        self.s.close()

a, b = Chatter("Änne"), Chatter("李雷")
for i in range(10):
    a.tell(f"Grüße {i}"); b.tell(f"你好 {i}")
for i in range(10):
    assert a.inbox.get(timeout=3) == f"李雷: 你好 {i}"
    assert b.inbox.get(timeout=3) == f"Änne: Grüße {i}"
time.sleep(1)         # everybody idle, all reader threads at both ends wait
a.tell("still here?")
print(b.inbox.get(timeout=3))
a.leave(); b.leave()
print("done")
