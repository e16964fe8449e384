import asyncio
subs = []
class U(asyncio.DatagramProtocol):
    def datagram_received(self, d, a):
        for w in subs: w.write(d + b"\n")
async def h(r, w):
    subs.append(w); w.write(b"welcome\n")
    while await r.readline(): pass
    subs.remove(w); w.close()
async def main():
    await asyncio.get_running_loop().create_datagram_endpoint(U, local_addr=("127.0.0.1", 26421))
    async with await asyncio.start_server(h, "127.0.0.1", 26420) as s: await s.serve_forever()
asyncio.run(main())
