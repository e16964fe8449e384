import asyncio, json
async def serve(r, w):
    async for line in r:
        doc = json.loads(line)
        w.write(json.dumps({"id": doc["id"], "stored": True, "echo": doc}).encode() + b"\n")
        await w.drain()
    w.close()
async def main():
    async with await asyncio.start_server(serve, "127.0.0.1", 21070) as s: await s.serve_forever()
asyncio.run(main())
