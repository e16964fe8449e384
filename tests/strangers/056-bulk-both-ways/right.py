import hashlib, socket
from left import swap, SIZE
with socket.create_connection(("127.0.0.1", 20560)) as c:
    print("right got", swap(c, b"R" * SIZE) == hashlib.md5(b"L" * SIZE).hexdigest())
