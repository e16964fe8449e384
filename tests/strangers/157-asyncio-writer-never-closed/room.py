import asyncio
members = {}
async def join(r, w):
    name = (await r.readline()).decode().strip()
    members[name] = w
    while line := await r.readline():
        for n, m in members.items():
            if n != name and not m.is_closing(): m.write(line)
    print(name, "left")
async def main():
    async with await asyncio.start_server(join, "127.0.0.1", 21570) as s: await s.serve_forever()
asyncio.run(main())
