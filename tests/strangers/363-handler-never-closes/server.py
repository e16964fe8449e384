import asyncio
async def handle(reader, writer):
    q = await reader.readline()
    writer.write(b"answer to " + q)
    await writer.drain()
async def main():
    async with await asyncio.start_server(handle, "127.0.0.1", 26510) as s: await s.serve_forever()
asyncio.run(main())
