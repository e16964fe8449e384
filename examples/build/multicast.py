"""Multicast: one datagram reaches every program that joined the group.

python multicast.py udp://239.1.2.3:5000     joins and prints what comes
python multicast.py udp://239.1.2.3:5000 hi  sends one message to all of them
"""

import sys

from plainwire import bind_udp, frames

if __name__ == "__main__":
    group = sys.argv[1]
    if len(sys.argv) > 2:
        with bind_udp("udp://:0", frames.text()) as net:
            net.send(sys.argv[2], to=group)
    else:
        with bind_udp(group, frames.text()) as net:
            for message, sender in net:
                print(sender, message, flush=True)
