import socketserver, time
class Ticker(socketserver.ThreadingTCPServer):
    allow_reuse_address = daemon_threads = True
    last = time.time(); people = set()
    def service_actions(self):
        if time.time() - self.last > 20:
            self.last = time.time()
            for p in list(self.people): p.sendall(time.ctime().encode() + b'\n')
class Person(socketserver.BaseRequestHandler):
    def setup(self): self.server.people.add(self.request)
    def handle(self):
        while self.request.recv(16): pass
    def finish(self): self.server.people.discard(self.request)
Ticker(('127.0.0.1', 13320), Person).serve_forever()
