# control datagrams wake the loop; only that one came matters, not what it says
import socket, selectors, time
u = socket.socket(socket.AF_INET, socket.SOCK_DGRAM); u.bind(("127.0.0.1", 21254)); u.setblocking(False)
sel = selectors.DefaultSelector(); sel.register(u, selectors.EVENT_READ); end = time.time() + 1.5; wakes = 0
while time.time() < end:
    for k, _ in sel.select(.5):
        try:
            while True: u.recv(1); wakes += 1            # drain
        except BlockingIOError: pass
print("wakes", wakes); u.close()
