import asyncio, socket, time

def load_model():
    print("loading weights ...")
    time.sleep(2)
    return lambda xs: max(xs)

async def handle(r, w, model):
    xs = [float(x) for x in (await r.readline()).split()]
    w.write(b"%f\n" % model(xs)); await w.drain(); w.close()

async def main():
    sock = socket.socket()
    sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    sock.bind(("127.0.0.1", 21360))           # claim the port early
    model = load_model()
    srv = await asyncio.start_server(lambda r, w: handle(r, w, model), sock=sock)
    print("ready")
    await asyncio.wait_for(srv.serve_forever(), 2)

try: asyncio.run(main())
except asyncio.TimeoutError: pass
