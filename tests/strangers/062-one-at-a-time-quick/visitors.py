import socket, threading, time
def visit():
    s = socket.create_connection(("127.0.0.1", 20620))
    time.sleep(0.15)
    s.send(b"GET")
    print(s.recv(100).decode())
    s.recv(1)
    s.close()
ts = [threading.Thread(target=visit) for _ in range(5)]
[t.start() for t in ts]; [t.join() for t in ts]
