import asyncio
async def h(r, w):
    for i in range(6):
        w.write(b"event %d\n" % i)
        await w.drain()
        await asyncio.sleep(0.1)
    w.close()
async def main():
    async with await asyncio.start_server(h, "127.0.0.1", 24710):
        await asyncio.sleep(2)
asyncio.run(main())
