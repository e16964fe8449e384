import asyncio, signal

class Jobs:
    def __init__(self): self.tasks = set(); self.stop = asyncio.Event()
    async def client(self, r, w):
        t = asyncio.current_task(); self.tasks.add(t)
        try:
            while True:
                line = await r.readline()
                if not line: break
                if line == b"shutdown\n": self.stop.set(); break
                await asyncio.sleep(float(line))
                w.write(b"slept " + line); await w.drain()
        except asyncio.CancelledError:
            w.write(b"cancelled\n")
        except ConnectionResetError: pass
        finally:
            self.tasks.discard(t); w.close()
    async def run(self):
        srv = await asyncio.start_server(self.client, "127.0.0.1", 20640)
        await self.stop.wait()
        srv.close()
        for t in list(self.tasks): t.cancel()
        await asyncio.gather(*self.tasks, return_exceptions=True)
        await asyncio.sleep(0.1)
        print("stopped cleanly")

async def main(): await Jobs().run()
asyncio.run(main())
