import asyncio
async def page(reader, writer):
    await reader.readuntil(b"\r\n\r\n")
    writer.write(b"HTTP/1.0 200 OK\r\n\r\n<h1>hi</h1>")
    await writer.drain()
async def beat():
    while True: await asyncio.sleep(0.3)
async def main():
    t = asyncio.create_task(beat())
    srv = await asyncio.start_server(page, "127.0.0.1", 9377)
    await srv.serve_forever()
asyncio.run(main())
