from socketserver import ThreadingTCPServer, StreamRequestHandler
WORDS = {"dog": "chien", "cat": "chat", "house": "maison"}
class Translator(StreamRequestHandler):
    def handle(self):
        words = self.rfile.read().decode().split()
        self.wfile.write(" ".join(WORDS.get(w, w) for w in words).encode())
class Server(ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True
if __name__ == "__main__":
    with Server(("127.0.0.1", 21230), Translator) as server:
        server.serve_forever()
