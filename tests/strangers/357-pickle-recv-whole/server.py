import socketserver, struct, pickle
class H(socketserver.BaseRequestHandler):
    def handle(self):
        n, = struct.unpack(">I", self.request.recv(4))
        table = {i: "value %d" % i for i in range(n)}
        blob = pickle.dumps(table)
        self.request.sendall(struct.pack(">I", len(blob)) + blob)
        self.request.recv(1)
socketserver.TCPServer.allow_reuse_address = True
with socketserver.TCPServer(("127.0.0.1", 24660), H) as s:
    s.handle_request()
