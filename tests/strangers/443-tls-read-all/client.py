import asyncio
import ssl

ctx = ssl.create_default_context()
ctx.check_hostname = False
ctx.verify_mode = ssl.CERT_NONE


async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 27590, ssl=ctx)
    w.write(b"to be or not to be")
    await w.drain()
    print(await r.readline())


asyncio.run(main())
