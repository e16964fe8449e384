import asyncio
import socket


async def session(conn, addr):
    conn.sendall(b"name? ")
    name = conn.recv(100)
    conn.sendall(b"hello " + name)
    conn.close()


async def main():
    srv = socket.create_server(("127.0.0.1", 27578))
    srv.setblocking(False)
    loop = asyncio.get_running_loop()
    tasks = set()
    while True:
        conn, addr = await loop.sock_accept(srv)
        conn.setblocking(True)
        tasks.add(asyncio.create_task(session(conn, addr)))


asyncio.run(main())
