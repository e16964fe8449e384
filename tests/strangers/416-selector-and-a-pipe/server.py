import os
import selectors
import socket
import threading
import time

sel = selectors.DefaultSelector()
out, into = os.pipe()


def work(question):
    time.sleep(3.3)
    os.write(into, question[::-1])


srv = socket.create_server(("127.0.0.1", 7416))
conn, _ = srv.accept()
sel.register(conn, selectors.EVENT_READ)
sel.register(out, selectors.EVENT_READ)
running = True
while running:
    for key, _ in sel.select(timeout=1):
        if key.fileobj == out:
            conn.sendall(os.read(out, 100))
        else:
            question = conn.recv(100)
            if question:
                threading.Thread(target=work, args=(question,)).start()
            else:
                running = False
conn.close()
srv.close()
