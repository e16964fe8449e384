import asyncio
import contextlib

clients: set[asyncio.StreamWriter] = set()


async def handle(reader: asyncio.StreamReader, writer: asyncio.StreamWriter):
    clients.add(writer)
    try:
        while line := await reader.readline():
            for other in clients:
                if other is not writer:
                    other.write(line)
            await asyncio.gather(*(w.drain() for w in clients), return_exceptions=True)
    finally:
        clients.discard(writer)
        writer.close()
        with contextlib.suppress(ConnectionError):
            await writer.wait_closed()


async def main():
    server = await asyncio.start_server(handle, "127.0.0.1", 20120)
    async with server:
        await server.serve_forever()


with contextlib.suppress(KeyboardInterrupt):
    asyncio.run(main())
