import socketserver
lines = []
class Log(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            lines.append(line)
with socketserver.TCPServer(("127.0.0.1", 26409), Log) as server:
    server.handle_request()
print(len(lines), "lines")
