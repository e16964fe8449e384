# slow typist: the rest of the line comes 10 s later
import asyncio
async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 25011)
    async def typist(): w.write(b"hel"); await asyncio.sleep(10); w.write(b"lo\n")
    t = asyncio.create_task(typist()); print(await r.readline())
asyncio.run(main())
