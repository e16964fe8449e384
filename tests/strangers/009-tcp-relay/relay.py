import socket, threading, sys

def pump(a, b):
    try:
        while True:
            d = a.recv(1000)
            if not d: break
            b.sendall(d)
    except OSError as e:
        print("pump ended:", e, file=sys.stderr)
    try: b.shutdown(socket.SHUT_WR)
    except OSError: pass

def serve_one(front):
    back = socket.create_connection(("127.0.0.1", 20090))
    t = threading.Thread(target=pump, args=(front, back)); t.start()
    pump(back, front)
    t.join(); front.close(); back.close()

l = socket.create_server(("127.0.0.1", 20091))
while True:
    front, _ = l.accept()
    threading.Thread(target=serve_one, args=(front,), daemon=True).start()
