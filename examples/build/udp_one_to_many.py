"""UDP, one to many: a sender tells each receiver in a loop; each datagram is one message.

python udp_one_to_many.py udp://127.0.0.1:5001 udp://127.0.0.1:5002 ...
"""

import sys

from plainwire import bind_udp, frames


def tell(addresses, count=3):
    with bind_udp("udp://:0", frames.json()) as net:
        for number in range(count):
            for address in addresses:
                net.send({"number": number}, to=address)


if __name__ == "__main__":
    tell(sys.argv[1:])
