import socketserver
class H(socketserver.StreamRequestHandler):
    def say(self, text):
        self.wfile.write(text.encode() + b"\n")
    def handle(self):
        for line in self.rfile:
            self.say(line.decode().strip().upper())
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", 26403), H).serve_forever()
