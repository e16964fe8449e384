import asyncio
async def consume(name, r):
    while line := await r.readline():
        print(name, line)
async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 24710)
    await asyncio.gather(consume("log", r), consume("metrics", r))
asyncio.run(main())
