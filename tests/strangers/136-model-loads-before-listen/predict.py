import asyncio
async def predict(*xs):
    r, w = await asyncio.open_connection("127.0.0.1", 21360)
    w.write(" ".join(map(str, xs)).encode() + b"\n")
    return float(await r.readline())
print(asyncio.run(predict(1, 5, 3)))
