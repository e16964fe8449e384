import asyncio, ssl
import certs

async def handle(r, w):
    while True:
        try:
            n = int.from_bytes(await r.readexactly(4), "big")
            body = await r.readexactly(n)
        except asyncio.IncompleteReadError:
            break
        w.write(n.to_bytes(4, "big") + body[::-1])
        await w.drain()
    w.close()

async def main():
    ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER); ctx.load_cert_chain(*certs.pair())
    async with await asyncio.start_server(handle, "127.0.0.1", 20370, ssl=ctx) as s:
        await s.serve_forever()

try:
    asyncio.run(main())
except KeyboardInterrupt:
    print("ciao")
