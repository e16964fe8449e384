from concurrent.futures import ThreadPoolExecutor
import socket

def call(n):
    with socket.create_connection(("127.0.0.1", 20290)) as s:
        s.sendall(b"x" * n); s.sendall(b".")
        out = b""
        while p := s.recv(100): out += p
        return out

with ThreadPoolExecutor(5) as ex:
    for r in ex.map(call, range(0, 100, 5)):
        assert r.endswith(b"by a worker")
print("20 calls answered")
