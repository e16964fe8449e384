import socketserver
STORE = {}
class KV(socketserver.StreamRequestHandler):
    def handle(self):
        while True:
            line = self.rfile.readline()
            if not line:
                return
            op, _, rest = line.decode().strip().partition(" ")
            if op == "SET":
                k, _, v = rest.partition(" "); STORE[k] = v; out = "OK"
            else:
                out = STORE.get(rest, "(nil)")
            self.wfile.write(out.encode() + b"\n")
class S(socketserver.ThreadingMixIn, socketserver.TCPServer):
    allow_reuse_address = True; daemon_threads = True
S(("127.0.0.1", 20180), KV).serve_forever()
