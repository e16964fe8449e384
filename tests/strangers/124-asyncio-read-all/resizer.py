import asyncio
class Resizer:
    async def on_client(self, reader, writer):
        data = await reader.read()
        writer.write(data[::2])
        await writer.drain()
        writer.close()
async def main():
    r = Resizer()
    server = await asyncio.start_server(r.on_client, host="127.0.0.1", port=21240)
    async with server:
        await server.serve_forever()
asyncio.run(main())
