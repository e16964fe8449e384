import socketserver
text = "soup\nbread\ncheese\n"
class Files(socketserver.StreamRequestHandler):
    def handle(self):
        self.rfile.readline()
        self.wfile.write(b"SIZE %d\n" % len(text.replace("\n", "\r\n")))
        self.wfile.write(text.encode())
        print(self.rfile.readline())
socketserver.TCPServer.allow_reuse_address = True
socketserver.TCPServer(("127.0.0.1", 26408), Files).serve_forever()
