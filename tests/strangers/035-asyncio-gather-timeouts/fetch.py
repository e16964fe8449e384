import asyncio

async def ask(i, timeout):
    r, w = await asyncio.open_connection("127.0.0.1", 20350)
    try:
        w.write(b"user%d\n" % i)
        return (await asyncio.wait_for(r.readline(), timeout)).decode().strip()
    except asyncio.TimeoutError:
        return None
    finally:
        w.close()
        await w.wait_closed()

async def main():
    res = await asyncio.gather(*(ask(i, 0.5) for i in range(20)))
    late = [i for i, x in enumerate(res) if x is None]
    print("timed out", late)
    print(await asyncio.gather(*(ask(i, 2) for i in late)))

asyncio.run(main())
