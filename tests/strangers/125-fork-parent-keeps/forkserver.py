import os, signal, socket, time
signal.signal(signal.SIGCHLD, signal.SIG_IGN)
s = socket.socket()
s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
s.bind(("127.0.0.1", 21250)); s.listen(5)
connections = {}
while True:
    conn, addr = s.accept()
    connections[addr] = conn            # for the statistics page
    if os.fork() == 0:
        s.close()
        conn.sendall(time.ctime().encode() + b"\n")
        conn.close()
        os._exit(0)
