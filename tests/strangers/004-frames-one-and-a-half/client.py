import socket, time
from framing import FrameReader, pack

wire = b"".join(pack(b"message-%02d " % i * (i + 1)) for i in range(12))
c = socket.create_connection(("127.0.0.1", 20040))
pos = 0
for size in (3, 40, 41, 100, 7, 200, 1):       # ends of sends are never ends of frames
    c.send(wire[pos:pos + size]); pos += size
    time.sleep(0.03)
c.sendall(wire[pos:])
c.shutdown(socket.SHUT_WR)
print(next(FrameReader(c)))
c.close()
