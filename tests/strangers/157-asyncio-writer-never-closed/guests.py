import asyncio
async def guest(i):
    r, w = await asyncio.open_connection("127.0.0.1", 21570)
    w.write(b"guest%d\n" % i); await w.drain()
    await asyncio.sleep(0.05)
    w.close()
    await w.wait_closed()
async def main():
    for i in range(15): await guest(i)
    await asyncio.sleep(1)
asyncio.run(main())
