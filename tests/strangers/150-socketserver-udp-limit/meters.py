import socketserver
class Meter(socketserver.BaseRequestHandler):
    def handle(self):
        data, sock = self.request
        n, _, body = data.partition(b":")
        ok = int(n) == len(body)
        print("datagram says", int(n), "has", len(body), "ok" if ok else "DAMAGED")
        sock.sendto(b"ok" if ok else b"damaged", self.client_address)
with socketserver.UDPServer(("127.0.0.1", 21500), Meter) as s:
    for _ in range(3): s.handle_request()
