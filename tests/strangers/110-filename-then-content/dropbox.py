import asyncio, os, tempfile

async def upload(reader, writer):
    await asyncio.sleep(0.1)                 # rate limit
    filename = (await reader.read(1024)).decode()
    path = os.path.join(tempfile.gettempdir(), os.path.basename(filename))
    with open(path, "wb") as f:
        while True:
            chunk = await reader.read(1024)
            if not chunk:
                break
            f.write(chunk)
    print("saved", repr(os.path.basename(filename)), os.path.getsize(path))
    os.remove(path)
    writer.close()
    asyncio.get_running_loop().call_later(0.1, stop.set)

async def main():
    global stop
    stop = asyncio.Event()
    s = await asyncio.start_server(upload, "127.0.0.1", 21100)
    await stop.wait()
    s.close()

asyncio.run(main())
