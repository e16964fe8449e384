import socket, sys, errno, os, tempfile, time

BASE = 20220
name = sys.argv[1]

def bind_somewhere():
    for port in range(BASE, BASE + 8):
        s = socket.socket()
        try:
            s.bind(("127.0.0.1", port))
            s.listen()
            return s, port
        except OSError as e:
            s.close()
            if e.errno != errno.EADDRINUSE:
                raise
            print(name, "port", port, "is taken, trying the next")
    raise SystemExit("all ports taken")

s, port = bind_somewhere()
print(name, "listens on", port)
c, _ = s.accept()
f = c.makefile("rw")
f.write(f"I am {name}\n"); f.flush()
f.readline()
f.read()              # let the visitor hang up first
f.close(); c.close(); s.close()
