import socketserver
class Bank(socketserver.StreamRequestHandler):
    def handle(self):
        balance = 100
        for line in self.rfile:
            if line == b"PING\n": self.wfile.write(b"PONG\n")
            elif line == b"BALANCE\n": balance += 1; self.wfile.write(b"%d\n" % balance)
class S(socketserver.ThreadingTCPServer): allow_reuse_address = True; daemon_threads = True
S(("127.0.0.1", 21580), Bank).serve_forever()
