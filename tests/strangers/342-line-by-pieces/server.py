import asyncio


async def beat(writer):
    while True:
        await asyncio.sleep(1)
        writer.write(b".\n")


async def handle(reader, writer):
    beating = asyncio.create_task(beat(writer))
    line = await reader.readline()
    beating.cancel()
    writer.write(b"you typed " + line)
    await writer.drain()
    writer.close()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 9342)
    async with server:
        await asyncio.wait_for(server.serve_forever(), 4.5)


try:
    asyncio.run(main())
except TimeoutError:
    pass
