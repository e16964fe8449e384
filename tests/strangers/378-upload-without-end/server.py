import asyncio
async def upload(r, w):
    data = await r.read(-1)
    w.write(b"stored %d\n" % len(data)); await w.drain(); w.close()
async def hb(l):
    while True: await asyncio.sleep(.2)
async def main():
    t = asyncio.create_task(hb(0))
    s = await asyncio.start_server(upload, "127.0.0.1", 9378); await s.serve_forever()
asyncio.run(main())
