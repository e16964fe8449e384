import socket
NODES = [("127.0.0.1", 20520), ("127.0.0.1", 20521)]

class AllDown(Exception): pass

def connect_any():
    errors = []
    for n in NODES:
        try:
            return socket.create_connection(n, timeout=1)
        except OSError as e:
            errors.append(e)
    raise AllDown(errors)

with connect_any() as s, s.makefile() as f:
    print(f.read())
