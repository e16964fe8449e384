import asyncio, signal
async def h(r, w):
    q = asyncio.Queue(); qs.append(q)
    async def push():
        while True: w.write(await q.get()); await w.drain()
    t = asyncio.create_task(push())
    while await r.readline(): w.write(b"+ok\n")
    t.cancel(); w.close()
qs = []
async def main():
    asyncio.get_running_loop().add_signal_handler(signal.SIGUSR1, lambda: [q.put_nowait(b"reload\n") for q in qs])
    async with await asyncio.start_server(h, "127.0.0.1", 26400) as s: await s.serve_forever()
asyncio.run(main())
