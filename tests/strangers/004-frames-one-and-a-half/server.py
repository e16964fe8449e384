import socket
from framing import FrameReader, pack

lst = socket.create_server(("127.0.0.1", 20040))
conn, _ = lst.accept()
total = 0
for frame in FrameReader(conn):
    total += 1
    print(total, len(frame), frame[:12])
conn.sendall(pack(b"%d frames" % total))
conn.close()
lst.close()
