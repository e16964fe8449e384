"""The same echo over TLS: only the address and a certificate are new.

python tls_echo.py tls://127.0.0.1:7443 server.pem
plainwire talk tls://127.0.0.1:7443 --tls ca.pem
"""

import sys

from plainwire import frames, serve


async def echo(peer):
    async for line in peer:
        await peer.send(line)


if __name__ == "__main__":
    serve(echo, sys.argv[1], frames.lines(), tls=sys.argv[2])
