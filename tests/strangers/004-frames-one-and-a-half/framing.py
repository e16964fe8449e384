import struct


class FrameReader:
    """Keeps whatever came too much for the next call."""

    def __init__(self, sock):
        self._sock = sock
        self._buf = b""

    def __iter__(self):
        return self

    def __next__(self):
        while True:
            if len(self._buf) >= 4:
                (n,) = struct.unpack_from("!I", self._buf)
                if len(self._buf) >= 4 + n:
                    frame, self._buf = self._buf[4:4 + n], self._buf[4 + n:]
                    return frame
            more = self._sock.recv(64)
            if not more:
                if self._buf:
                    raise EOFError("connection ended inside a frame")
                raise StopIteration
            self._buf += more


def pack(payload):
    return struct.pack("!I", len(payload)) + payload
