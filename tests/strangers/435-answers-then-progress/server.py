import socketserver, time
class H(socketserver.StreamRequestHandler):
    def handle(self):
        for l in self.rfile:
            if l == b"build\n":
                for i in range(50): time.sleep(.01); self.wfile.write(b"compiling file %d\n" % i)   # a line whenever one is done
                self.wfile.write(b"end\n")
            else: time.sleep(.01); self.wfile.write(b"ok " + l)
class S(socketserver.ThreadingTCPServer): allow_reuse_address = True
with S(("127.0.0.1", 21260), H) as s:
    s.timeout = 6
    for _ in range(4): s.handle_request()
