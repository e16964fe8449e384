"""peer.py listen|dial : both peers exchange their world snapshot"""
import pickle
import socket
import sys

ADDR = ("127.0.0.1", 21060)


class World:
    def __init__(self, seed):
        self.cells = bytes([seed]) * 16_000_000


class Link:
    def __init__(self, sock):
        self.sock = sock

    def push(self, obj):
        blob = pickle.dumps(obj)
        self.sock.sendall(len(blob).to_bytes(4, "big") + blob)

    def pull(self):
        n = int.from_bytes(self.sock.recv(4, socket.MSG_WAITALL), "big")
        return pickle.loads(self.sock.recv(n, socket.MSG_WAITALL))


def sync(link, world):
    link.push(world)
    other = link.pull()
    return len(other.cells)


def main(mode):
    if mode == "listen":
        with socket.create_server(ADDR) as l:
            sock, _ = l.accept()
    else:
        sock = socket.create_connection(ADDR)
    with sock:
        print(mode, "synced", sync(Link(sock), World(len(mode))))


if __name__ == "__main__":
    main(sys.argv[1])
