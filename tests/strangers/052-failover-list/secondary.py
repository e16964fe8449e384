import socketserver
class H(socketserver.BaseRequestHandler):
    def handle(self):
        self.request.sendall(b"secondary at your service\n")
class T(socketserver.TCPServer):
    allow_reuse_address = True
with T(("127.0.0.1", 20521), H) as t: t.handle_request()
