import socketserver
class H(socketserver.StreamRequestHandler):
    def handle(self):
        words = {}
        for line in self.rfile:
            for w in line.split(): words[w] = words.get(w, 0) + 1
        self.wfile.write(b"%d words\n" % len(words))
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", 26401), H).serve_forever()
