import asyncio
import os
import ssl
import subprocess

pem = os.path.join(os.path.dirname(os.path.abspath(__file__)), "cert.pem")
if not os.path.exists(pem):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "30",
                    "-subj", "/CN=localhost", "-keyout", pem, "-out", pem], check=True,
                   stderr=subprocess.DEVNULL)
ctx = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
ctx.load_cert_chain(pem)


async def count(r, w):
    data = await r.read()
    w.write(b"%d\n" % len(data.split()))
    await w.drain()
    w.close()


async def main():
    s = await asyncio.start_server(count, "127.0.0.1", 27590, ssl=ctx)
    await s.serve_forever()


asyncio.run(main())
