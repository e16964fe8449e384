"""A service with a 'reload' feature."""
import socket, tempfile, os

PORTFILE = os.path.join(tempfile.gettempdir(), "corpus-140.port")

def open_listener(port):
    s = socket.socket(socket.AF_INET, socket.SOCK_STREAM)
    s.bind(("127.0.0.1", port))
    s.listen(1)
    return s

def serve_until_reload(s):
    while True:
        conn, _ = s.accept()
        cmd = conn.recv(100)
        conn.sendall(b"done " + cmd)
        conn.close()
        if cmd == b"reload":
            return

if os.path.exists(PORTFILE): os.remove(PORTFILE)
s = open_listener(0)
port = s.getsockname()[1]
with open(PORTFILE + ".tmp", "w") as f: f.write(str(port))
os.rename(PORTFILE + ".tmp", PORTFILE)
for generation in range(2):
    serve_until_reload(s)
    s.close()
    print("reloading ...")
    s = open_listener(port)
