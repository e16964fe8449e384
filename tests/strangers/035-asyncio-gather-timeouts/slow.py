import asyncio, random

async def h(r, w):
    name = (await r.readline()).decode().strip()
    await asyncio.sleep(1.0 if name.endswith("7") else 0.05)
    try:
        w.write(f"hi {name}\n".encode())
        await w.drain()
    except ConnectionError:
        pass
    finally:
        w.close()

async def main():
    s = await asyncio.start_server(h, "127.0.0.1", 20350)
    try:
        await asyncio.wait_for(s.serve_forever(), 2.5)
    except asyncio.TimeoutError:
        print("closing time")

asyncio.run(main())
