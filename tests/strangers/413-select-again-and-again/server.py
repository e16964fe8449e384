import socketserver


class Calc(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            a, b = line.split()
            self.wfile.write(b"%d\n" % (int(a) + int(b)))


socketserver.ThreadingTCPServer.allow_reuse_address = True
with socketserver.ThreadingTCPServer(("127.0.0.1", 7413), Calc) as srv:
    srv.serve_forever()
