import asyncio


async def main():
    reader, writer = await asyncio.open_connection("127.0.0.1", 9372)
    for word in ("one", "two"):
        writer.write(word.encode())
        await writer.drain()
        print((await reader.readline()).decode())
    writer.close()


asyncio.run(main())
