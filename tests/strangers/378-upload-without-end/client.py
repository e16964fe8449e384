import asyncio
async def main():
    loop = asyncio.get_running_loop()
    def beat(): loop.call_later(.4, beat)
    beat()
    r, w = await asyncio.open_connection("127.0.0.1", 9378)
    w.write(b"file contents" * 100); await w.drain()
    print(await r.readline()); w.close()
asyncio.run(main())
