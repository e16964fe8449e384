"""A chat with a process for each client, in which people really see each other.

Processes share no memory, so each passes its client's lines to one room, over a socket.
python process_chat.py tcp://127.0.0.1:7000      then twice: plainwire talk ADDRESS
"""

import sys
import threading

from plainwire import connect, frames, serve
from plainwire.servers.ready import broadcast

ROOM = "unix:@plainwire-chat-room"


def client(peer):
    with connect(ROOM, frames.lines()) as room:
        threading.Thread(target=lambda: [peer.send(line) for line in room], daemon=True).start()
        for line in peer:
            room.send(line)


if __name__ == "__main__":
    with serve(broadcast, ROOM, frames.lines(), background=True):
        serve(client, sys.argv[1], frames.lines(), model="processes", inner="serial", workers=4)
