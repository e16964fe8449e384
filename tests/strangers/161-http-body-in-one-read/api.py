import asyncio, json
DATA = json.dumps([{"id": i, "name": "item %d" % i} for i in range(3000)]).encode()
async def h(r, w):
    await r.readuntil(b"\r\n\r\n")
    w.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\nConnection: close\r\n\r\n" % len(DATA))
    for i in range(0, len(DATA), 20000):
        w.write(DATA[i:i + 20000]); await w.drain(); await asyncio.sleep(0.05)
    try: await r.read()
    finally: w.close()
async def main():
    s = await asyncio.start_server(h, "127.0.0.1", 21610)
    await asyncio.sleep(2); s.close()
asyncio.run(main())
