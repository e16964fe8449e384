import array, socket
FRAME = 256                       # samples
class AudioIn:
    def __init__(self, port):
        self.u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.u.bind(("127.0.0.1", port)); self.u.settimeout(2)
        self.buf = bytearray(FRAME)            # should be FRAME * 2
    def frames(self):
        while True:
            n, who = self.u.recvfrom_into(self.buf)
            if n == 0: return
            yield array.array("h", self.buf[:n])
samples = sum(len(f) for f in AudioIn(21510).frames())
print("samples received", samples)
