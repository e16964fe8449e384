import http.server, urllib.parse, threading

class App(http.server.BaseHTTPRequestHandler):
    guests = []
    def page(self, text, code=200):
        b = text.encode()
        self.send_response(code); self.send_header("Content-Type", "text/plain; charset=utf-8")
        self.end_headers(); self.wfile.write(b)
    def do_GET(self):
        u = urllib.parse.urlsplit(self.path)
        if u.path == "/": self.page("\n".join(self.guests))
        elif u.path == "/stop":
            self.page("stopping")
            threading.Thread(target=self.server.shutdown).start()
        else: self.page("no such page", 404)
    def do_POST(self):
        form = urllib.parse.parse_qs(self.rfile.read(int(self.headers["content-length"])).decode())
        self.guests.append(form["name"][0]); self.page("thanks")
    def log_message(self, fmt, *args): print("LOG", fmt % args)

with http.server.HTTPServer(("127.0.0.1", 20380), App) as srv:
    srv.serve_forever()
print("server over")
