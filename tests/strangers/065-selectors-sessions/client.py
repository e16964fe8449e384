import socket, threading
def run(i):
    with socket.create_connection(("127.0.0.1", 20650)) as s:
        n = 40000
        t = threading.Thread(target=lambda: s.sendall(bytes([65 + i]) * n)); t.start()
        left = n * 50
        while left:
            left -= len(s.recv(65536))
        t.join()
        print("client", i, "complete\n", end="")
ts = [threading.Thread(target=run, args=(i,)) for i in range(2)]
[t.start() for t in ts]; [t.join() for t in ts]
