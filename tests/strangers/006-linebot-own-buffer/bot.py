import socket, threading

COMMANDS = {}

def command(fn):
    COMMANDS[fn.__name__] = fn
    return fn

@command
def add(a, b): return str(int(a) + int(b))
@command
def rev(s): return s[::-1]
@command
def help(): return ",".join(sorted(COMMANDS))

def lines_of(sock):
    pending = ""
    while True:
        raw = sock.recv(16)
        if raw == b"": return
        pending += raw.decode("ascii")
        *complete, pending = pending.split("\n")
        yield from complete

def talk(sock):
    with sock:
        for l in lines_of(sock):
            name, *args = l.split()
            if name == "quit":
                sock.sendall(b"bye\n"); return
            sock.sendall((COMMANDS[name](*args) + "\n").encode())

if __name__ == "__main__":
    l = socket.create_server(("127.0.0.1", 20060))
    try:
        while 1: threading.Thread(target=talk, args=l.accept()[:1], daemon=True).start()
    except KeyboardInterrupt:
        print("stopped by user")
    finally:
        l.close()
