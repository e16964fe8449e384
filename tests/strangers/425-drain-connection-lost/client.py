import asyncio
import random


async def measure():
    for _ in range(5):
        await asyncio.sleep(0.3)
        yield random.randint(10, 30)


async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 27532)
    w.write(b"Secret\n")
    async for value in measure():
        w.write(b"temp=%d\n" % value)
        await w.drain()
        print("logged", value)
    w.close()
    await w.wait_closed()


asyncio.run(main())
