import socket, threading
def go(i):
    with socket.create_connection(("127.0.0.1", 20280)) as s:
        s.sendall(b"hello %d\n" % i)
        s.sendall(b"again %d\n" % i)
        s.shutdown(socket.SHUT_WR)
        print(s.makefile("rb").read().count(b"says"), flush=True)   # to EOF
ts = [threading.Thread(target=go, args=(i,)) for i in range(3)]
[t.start() for t in ts]; [t.join() for t in ts]
print("clients done")
