import socketserver
class Greeter(socketserver.StreamRequestHandler):
    def handle(self):
        name = self.rfile.readline().strip().decode()
        self.wfile.write(('Hello, %s!\n' % name).encode())
if __name__ == '__main__':
    socketserver.TCPServer.allow_reuse_address = True
    with socketserver.TCPServer(('127.0.0.1', 14020), Greeter) as server:
        server.serve_forever()
