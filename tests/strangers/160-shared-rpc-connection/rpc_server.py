import socket, threading, time, random
def serve(c):
    with c:
        while (d := c.recv(4)):
            n = int.from_bytes(d, "big")
            time.sleep(0.01)
            c.sendall((n * n).to_bytes(4, "big"))
with socket.create_server(("127.0.0.1", 21600)) as l:
    while True: threading.Thread(target=serve, args=(l.accept()[0],), daemon=True).start()
