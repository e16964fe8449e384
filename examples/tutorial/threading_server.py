"""Many clients at once: ThreadingTCPServer runs `handle` in a thread for each of them."""

import socketserver


class Shout(socketserver.StreamRequestHandler):
    def handle(self):
        for line in self.rfile:
            self.wfile.write(line.upper())


class Server(socketserver.ThreadingTCPServer):
    allow_reuse_address = True
    daemon_threads = True


if __name__ == "__main__":
    with Server(("127.0.0.1", 8085), Shout) as server:
        server.serve_forever()
