import socketserver
class H(socketserver.StreamRequestHandler):
    def handle(self):
        for l in self.rfile: self.wfile.write(b"value of " + l)
class S(socketserver.ThreadingTCPServer):
    allow_reuse_address = True; daemon_threads = True
S(("127.0.0.1", 21560), H).serve_forever()
