import asyncio

seen = 0


async def report():
    while True:
        await asyncio.sleep(0.7)
        print("lines so far:", seen, flush=True)


async def handle(reader, writer):
    global seen
    while line := await reader.readline():
        seen += 1
        writer.write(line.upper())
        await writer.drain()
    writer.close()


async def main():
    ticker = asyncio.create_task(report())
    server = await asyncio.start_server(handle, "127.0.0.1", 9372)
    async with server:
        await server.serve_forever()


asyncio.run(main())
