"""TCP echo, done right: whole lines, many clients, limits, and a clean end.

python tcp_echo.py tcp://127.0.0.1:7000      then: plainwire talk tcp://127.0.0.1:7000
"""

import sys

from plainwire import frames, serve


async def echo(peer):
    async for line in peer:
        await peer.send(line)


if __name__ == "__main__":
    serve(echo, sys.argv[1], frames.lines())
