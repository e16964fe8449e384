import socketserver
class Calc(socketserver.StreamRequestHandler):
    def handle(self):
        for raw in self.rfile:
            a, op, b = raw.decode().split()
            r = int(a) + int(b) if op == "+" else int(a) * int(b)
            self.wfile.write(f"{r}\n".encode())
socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer(("127.0.0.1", 22009), Calc) as s: s.handle_request()
