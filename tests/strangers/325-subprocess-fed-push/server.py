import asyncio
subs = []
async def h(r, w):
    subs.append(w); w.write(b"welcome\n")
    while await r.readline(): pass
    subs.remove(w); w.close()
async def main():
    open("app.log", "w").close()
    p = await asyncio.create_subprocess_exec("tail", "-f", "app.log", stdout=asyncio.subprocess.PIPE)
    async with await asyncio.start_server(h, "127.0.0.1", 26460):
        async for line in p.stdout:
            for w in subs: w.write(line)
asyncio.run(main())
