from http.server import ThreadingHTTPServer, BaseHTTPRequestHandler
import threading
cond, news = threading.Condition(), []
class H(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def reply(self, b):
        self.send_response(200); self.send_header("Content-Length", str(len(b))); self.end_headers(); self.wfile.write(b)
    def do_GET(self):
        n = int(self.path.rsplit("=", 1)[1])
        with cond: cond.wait_for(lambda: len(news) > n, timeout=5)
        self.reply(repr(news[n:]).encode())
    def do_PUT(self):
        t = self.rfile.read(int(self.headers["Content-Length"])).decode()
        with cond: news.append(t); cond.notify_all()
        self.reply(b"ok")
    def log_message(self, *a): pass
ThreadingHTTPServer(("127.0.0.1", 20680), H).serve_forever()
