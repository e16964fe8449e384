"""Receives a matrix of doubles, returns the column sums."""
import array, socket, struct

def recv_exact(sock, n):
    parts = []
    while n:
        b = sock.recv(min(n, 8192))
        if not b:
            raise ConnectionError("peer left early")
        parts.append(b); n -= len(b)
    return b"".join(parts)

with socket.create_server(("127.0.0.1", 20070)) as lst:
    sock, _ = lst.accept()
    with sock:
        rows, cols = struct.unpack("<II", recv_exact(sock, 8))
        m = array.array("d", recv_exact(sock, rows * cols * 8))
        sums = array.array("d", (sum(m[c::cols]) for c in range(cols)))
        sock.sendall(sums)
        assert sock.recv(1) == b""
