import asyncio, json
async def get(path):
    r, w = await asyncio.open_connection("127.0.0.1", 21610)
    w.write(f"GET {path} HTTP/1.1\r\nHost: x\r\n\r\n".encode())
    head = await r.readuntil(b"\r\n\r\n")
    body = await r.read(1_000_000)         # more than enough
    w.write_eof()
    return json.loads(body)
print(len(asyncio.run(get("/items"))))
