import socket, threading, time
s = socket.create_connection(("127.0.0.1", 26340))
def w():
    for _ in range(5): s.sendall(b"?"); s.recv(1); time.sleep(0.005)
ts = [threading.Thread(target=w) for _ in range(4)]; [t.start() for t in ts]; [t.join() for t in ts]; print("ok"); s.close()
