import asyncio
async def greet(r, w):
    name = await r.readline()
    w.write(f"Hello {name.decode().strip()}!\n")
    await w.drain()
    w.close()
async def main():
    s = await asyncio.start_server(greet, "127.0.0.1", 21480)
    try: await asyncio.wait_for(s.serve_forever(), 2.5)
    except asyncio.TimeoutError: pass
asyncio.run(main())
