import socketserver, re

class Smtp(socketserver.StreamRequestHandler):
    def say(self, t): self.wfile.write((t + "\r\n").encode())
    def handle(self):
        self.say("220 sink ready")
        for raw in self.rfile:
            l = raw.decode().strip(); verb = l[:4].upper()
            if verb in ("EHLO", "HELO"):
                self.say("250-sink"); self.say("250-8BITMIME"); self.say("250 SIZE 100000")
            elif verb in ("MAIL", "RCPT", "RSET"): self.say("250 ok")
            elif verb == "DATA":
                self.say("354 go on"); n = 0
                while (x := self.rfile.readline()) != b".\r\n": n += len(x)
                self.say(f"250 queued {n} bytes"); print("got mail", n)
            elif verb == "QUIT": self.say("221 bye"); return
            else: self.say("500 what?")

class S(socketserver.TCPServer): allow_reuse_address = True
with S(("127.0.0.1", 20410), Smtp) as s:
    for _ in range(2): s.handle_request()
