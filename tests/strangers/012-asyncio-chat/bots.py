import asyncio, random

N = 5

async def bot(i, gate):
    r, w = await asyncio.open_connection("127.0.0.1", 20120)
    await gate.wait()
    heard = 0

    async def listen():
        nonlocal heard
        async for line in r:
            heard += 1
            if heard == (N - 1) * 8: return

    task = asyncio.create_task(listen())
    for k in range(8):
        w.write(f"bot{i} says {k}\n".encode())
        await w.drain()
        await asyncio.sleep(random.random() / 50)
    await asyncio.wait_for(task, 4)
    w.close(); await w.wait_closed()
    return heard

async def main():
    gate = asyncio.Event()
    tasks = [asyncio.create_task(bot(i, gate)) for i in range(N)]
    await asyncio.sleep(.5)
    gate.set()
    print(await asyncio.gather(*tasks))

asyncio.run(main())
