"""Run a command in a network of its own, so that fixed ports clash with nobody's.

Where the system forbids that, the command runs in the machine's network instead.
"""

import os
import sys

from plainwire.see.capture import private_net

if __name__ == "__main__":
    try:
        private_net.enter()
    except private_net.PrivateNetError as error:
        print(f"no private network: {error}", file=sys.stderr)
    os.execv(sys.argv[1], sys.argv[1:])
