import socketserver
class Report(socketserver.BaseRequestHandler):
    def handle(self):
        query = self.request.recv(1024)            # that is all we need
        print("query starts with", query[:20])
        self.request.sendall(b"0123456789" * 600_000)
class S(socketserver.TCPServer):
    allow_reuse_address = True
    def shutdown_request(self, request):
        self.close_request(request)
S(("127.0.0.1", 21300), Report).serve_forever()
