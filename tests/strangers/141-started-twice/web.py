from http.server import HTTPServer, SimpleHTTPRequestHandler
import sys
class Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *a): pass
httpd = HTTPServer(("127.0.0.1", 21410), Quiet)
print("serving")
httpd.serve_forever()
