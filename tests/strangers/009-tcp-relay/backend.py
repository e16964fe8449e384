import socketserver, time

class Sum(socketserver.StreamRequestHandler):
    """adds numbers, one a line, until the client half-closes"""
    def handle(self):
        n = 0
        for raw in self.rfile:
            n += int(raw)
        time.sleep(0.2)
        self.wfile.write(b"%d\n" % n)

socketserver.ThreadingTCPServer.allow_reuse_address = True
socketserver.ThreadingTCPServer(("127.0.0.1", 20090), Sum).serve_forever()
