# multiprocessing Event/Condition/Lock set by a sibling process after 10 s
import socket, multiprocessing as mp, threading, time
def boss(ev): time.sleep(10); ev.set()
if __name__ == "__main__":
    ev = mp.Event(); mp.Process(target=boss, args=(ev,), daemon=True).start()
    l = socket.create_server(("127.0.0.1", 25003)); c, _ = l.accept()
    def tell(): ev.wait(); c.sendall(b"go")
    threading.Thread(target=tell, daemon=True).start()
    while c.recv(10): pass
