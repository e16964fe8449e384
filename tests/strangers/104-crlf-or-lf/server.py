import asyncio

async def session(reader, writer):
    peer = writer.get_extra_info("peername")
    while True:
        cmd = await reader.readuntil(b"\r\n")
        writer.write(b"OK " + cmd)
        await writer.drain()
        if cmd == b"QUIT\r\n":
            break
    writer.close()

async def main():
    srv = await asyncio.start_server(session, "127.0.0.1", 21040)
    await srv.serve_forever()

asyncio.run(main())
