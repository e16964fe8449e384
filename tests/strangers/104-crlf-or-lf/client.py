import asyncio

async def cmd(r, w, text):
    w.write(f"{text}\n".encode())
    await w.drain()
    return await r.readline()

async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 21040)
    for t in ("STATUS", "QUIT"):
        print(await cmd(r, w, t))

asyncio.run(main())
