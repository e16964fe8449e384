import asyncio

PASSWORD = "secret"


async def handle(reader, writer):
    given = (await reader.readline()).decode().strip()
    if given != PASSWORD:
        print("wrong password, bye")
        writer.close()
        await writer.wait_closed()
        return
    while line := await reader.readline():
        print("log:", line.decode().strip())
    writer.close()


async def main():
    s = await asyncio.start_server(handle, "127.0.0.1", 27532)
    await s.serve_forever()


asyncio.run(main())
