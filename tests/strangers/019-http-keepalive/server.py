from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
import json

class Api(SimpleHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def do_POST(self):
        n = int(self.headers["Content-Length"])
        items = json.loads(self.rfile.read(n))
        out = json.dumps({"n": len(items), "sum": sum(items)}).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(out)))
        self.end_headers()
        self.wfile.write(out)

    def do_GET(self):
        self.send_error(404)

if __name__ == "__main__":
    srv = ThreadingHTTPServer(("127.0.0.1", 20190), Api)
    try:
        srv.serve_forever()
    except KeyboardInterrupt:
        srv.server_close()
