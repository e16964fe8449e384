import asyncio, struct, time
class Clock(asyncio.DatagramProtocol):
    def connection_made(self, t): self.t = t
    def datagram_received(self, data, addr):
        t1 = time.time(); (t0,) = struct.unpack("!d", data)
        self.t.sendto(struct.pack("!3d", t0, t1, time.time()), addr)
async def main():
    loop = asyncio.get_running_loop()
    t, _ = await loop.create_datagram_endpoint(Clock, local_addr=("127.0.0.1", 20760))
    await asyncio.sleep(2.5); t.close()
asyncio.run(main())
