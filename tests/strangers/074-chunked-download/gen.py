from http.server import *
class G(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    def do_GET(self):
        self.send_response(200); self.send_header("Transfer-Encoding", "chunked"); self.end_headers()
        for i in range(200):
            row = ("%d,%s\n" % (i, "é" * i)).encode()
            self.wfile.write(b"%x\r\n" % len(row)); self.wfile.write(row); self.wfile.write(b"\r\n")
        self.wfile.write(b"0\r\n\r\n")
    log_message = lambda *a: None
s = ThreadingHTTPServer(("127.0.0.1", 20740), G)
try: s.serve_forever()
except KeyboardInterrupt: pass
s.server_close()
