import asyncio, ssl
import certs

async def one(i):
    ctx = ssl.create_default_context(cafile=certs.pair()[0])
    r, w = await asyncio.open_connection("127.0.0.1", 20370, ssl=ctx)
    for size in (1, 100, 60000):
        w.write(size.to_bytes(4, "big")); w.write(bytes([i]) * (size - 1) + b"!")
        await w.drain()
        n = int.from_bytes(await r.readexactly(4), "big")
        b = await r.readexactly(n)
        assert b[0] == 33 and n == size
    w.close()
    await w.wait_closed()
    return i

async def main(): print("fine", await asyncio.gather(*map(one, range(3))))
asyncio.run(main())
