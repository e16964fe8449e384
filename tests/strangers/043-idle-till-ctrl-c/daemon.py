import signal, socket, sys, time

class Daemon:
    requests = 0
    def __enter__(self):
        self.sock = socket.socket()
        self.sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        self.sock.bind(("127.0.0.1", 20430)); self.sock.listen()
        self.sock.settimeout(0.5)
        return self
    def __exit__(self, *exc):
        self.sock.close()
        print("bye after", self.requests, "requests")
        return exc[0] is KeyboardInterrupt
    def loop(self):
        while True:
            try: c, _ = self.sock.accept()
            except socket.timeout: continue
            with c:
                c.settimeout(2)
                print("<-", c.recv(100)); c.sendall(b"pong"); self.requests += 1

with Daemon() as d: d.loop()
