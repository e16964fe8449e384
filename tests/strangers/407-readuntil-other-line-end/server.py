import asyncio
async def serve(r, w):
    while line := await r.readuntil(b"\r\n"):
        w.write(line.upper()); await w.drain()
async def main():
    s = await asyncio.start_server(serve, "127.0.0.1", 26407); await s.serve_forever()
asyncio.run(main())
