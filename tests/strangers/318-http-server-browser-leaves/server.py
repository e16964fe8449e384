import http.server, os, threading
open("film.bin", "wb").write(bytes(12_000_000))
class H(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
srv = http.server.ThreadingHTTPServer(("127.0.0.1", 26170), H)
threading.Timer(2.5, srv.shutdown).start()
srv.serve_forever(); srv.server_close(); os.unlink("film.bin")
