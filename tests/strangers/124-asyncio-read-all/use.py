import asyncio
async def resize(blob):
    reader, writer = await asyncio.open_connection("127.0.0.1", 21240)
    writer.write(blob)
    await writer.drain()
    try:
        return await asyncio.wait_for(reader.read(), timeout=2)
    finally:
        writer.close()
async def main():
    print(len(await resize(b"ab" * 5000)))
asyncio.run(main())
