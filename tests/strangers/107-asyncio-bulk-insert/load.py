import asyncio, json
async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 21070)
    docs = [{"id": i, "text": "lorem ipsum " * 400} for i in range(5000)]
    for d in docs:
        w.write(json.dumps(d).encode() + b"\n")
        await w.drain()
    print("all written, collecting acknowledgements")
    acks = [json.loads(await r.readline()) for _ in docs]
    print(len(acks))
    w.close()
asyncio.run(main())
