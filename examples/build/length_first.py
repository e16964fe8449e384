"""Messages cannot be glued together when their length goes first.

Ten sends may arrive in one read or in fifty; the receiver still gets ten messages.
"""

from plainwire import connect, frames, serve

CODEC = frames.length(4)


def shout(peer):
    for message in peer:
        peer.send(message.upper())


if __name__ == "__main__":
    with serve(shout, "tcp://127.0.0.1:0", CODEC, model="threads", background=True) as server:
        with connect(server.address, CODEC) as peer:
            for number in range(10):
                peer.send(b"message %d" % number)
            for _ in range(10):
                print(peer.recv(timeout=5).decode())
