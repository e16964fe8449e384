import asyncio
async def c(*secs):
    r, w = await asyncio.open_connection("127.0.0.1", 20640)
    for s in secs: w.write(f"{s}\n".encode())
    if secs: w.write_eof()
    try: return await r.read()
    finally: w.close()
async def main():
    long = asyncio.create_task(c(30))
    idle = asyncio.create_task(c())
    print(await asyncio.gather(c(.1, .1, .1), c(.2)))
    try: await asyncio.wait_for(c(20), .3)
    except asyncio.TimeoutError: print("I gave up")
    r, w = await asyncio.open_connection("127.0.0.1", 20640)
    w.write(b"shutdown\n"); await r.read(); w.close()
    print(await long, await idle)
asyncio.run(main())
