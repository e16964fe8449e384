import array, socket, struct
rows, cols = 1000, 100
m = array.array("d", (float(i % 7) for i in range(rows * cols)))
s = socket.create_connection(("127.0.0.1", 20070))
s.sendall(struct.pack("<I", rows)); s.sendall(struct.pack("<I", cols))
s.sendall(m)
buf = bytearray(cols * 8); mv = memoryview(buf)
while mv:
    k = s.recv_into(mv)
    assert k
    mv = mv[k:]
print("sum", sum(array.array("d", bytes(buf))), "expected", sum(m))
s.close()
