import socketserver
class H(socketserver.StreamRequestHandler):
    def handle(self):
        mail = []
        for line in self.rfile:
            if line == b".\r\n": break
            mail.append(line)
        self.wfile.write(b"250 stored %d lines\r\n" % len(mail))
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", 26404), H).serve_forever()
