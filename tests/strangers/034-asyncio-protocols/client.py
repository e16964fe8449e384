import asyncio, sys

class C(asyncio.Protocol):
    def __init__(self, done): self.done, self.data = done, b""
    def connection_made(self, t):
        self.t = t
        t.write(b"5:hello,5:wo")
        asyncio.get_running_loop().call_later(0.2, self.rest)
    def rest(self):
        self.t.write(b"rLD,")
        self.t.writelines([b"100000:", b"Ab" * 50000, b",", b"0:,"])
    def data_received(self, d):
        self.data += d
        if self.data.endswith(b"0:,"):
            self.t.close()
    def connection_lost(self, exc): self.done.set_result(self.data)

async def main():
    loop = asyncio.get_running_loop(); done = loop.create_future()
    await loop.create_connection(lambda: C(done), "127.0.0.1", 20340)
    d = await done
    print(d[:16], len(d))

asyncio.run(main())
