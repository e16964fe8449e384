import json, os, socket, tempfile
path = os.path.join(tempfile.gettempdir(), "corpus-137.sock")
if os.path.exists(path): os.unlink(path)
s = socket.socket(socket.AF_UNIX)
s.bind(path); s.listen(1)
config = json.loads("{'plugins': []}")          # single quotes!
while True:
    c, _ = s.accept()
    c.sendall(json.dumps(config).encode()); c.close()
