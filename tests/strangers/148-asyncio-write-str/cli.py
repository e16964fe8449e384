import asyncio
async def main():
    r, w = await asyncio.open_connection("127.0.0.1", 21480)
    w.write(b"Eve\n")
    try: print(await asyncio.wait_for(r.readline(), 1.5))
    except asyncio.TimeoutError: print("no greeting")
    w.close()
asyncio.run(main())
