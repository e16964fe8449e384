import asyncio
async def serve(r, w):
    await r.readuntil(b"\r\n\r\n")
    body = "soup\nbread\n"
    w.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n" % (len(body) + 2))
    w.write(body.encode()); await w.drain()
async def main():
    s = await asyncio.start_server(serve, "127.0.0.1", 26410); await s.serve_forever()
asyncio.run(main())
