import http.server
class K(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Content-Length", "5"); self.end_headers(); self.wfile.write(b"12345")
    def log_message(self, *a): pass
http.server.ThreadingHTTPServer(("127.0.0.1", 21630), K).serve_forever()
