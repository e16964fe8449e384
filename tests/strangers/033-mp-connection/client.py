from multiprocessing.connection import Client

with Client(("127.0.0.1", 20330), authkey=b"secret") as c:
    c.send({"op": "sum", "xs": list(range(10000))}); print(c.recv())
    c.send({"op": "blob", "n": 700000}); print(len(c.recv_bytes()))
    print(c.poll(0.1))
