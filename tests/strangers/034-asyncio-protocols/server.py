import asyncio

class Netstring(asyncio.Protocol):
    def __init__(self): self.buf = bytearray()
    def connection_made(self, transport): self.t = transport
    def data_received(self, data):
        self.buf += data
        while True:
            i = self.buf.find(b":")
            if i < 0: return
            n = int(self.buf[:i])
            if len(self.buf) < i + n + 2: return
            body = bytes(self.buf[i + 1:i + 1 + n])
            del self.buf[:i + n + 2]
            out = body.swapcase()
            self.t.write(b"%d:%s," % (len(out), out))
    def eof_received(self): return False
    def connection_lost(self, exc): print("lost", exc)

async def main():
    loop = asyncio.get_running_loop()
    srv = await loop.create_server(Netstring, "127.0.0.1", 20340)
    async with srv: await srv.serve_forever()

try: asyncio.run(main())
except KeyboardInterrupt: pass
