import asyncio
async def h(r, w): w.write(b"you typed " + await r.readline()); await w.drain(); w.close()
async def main(): await (await asyncio.start_server(h, "127.0.0.1", 25011)).serve_forever()
asyncio.run(main())
