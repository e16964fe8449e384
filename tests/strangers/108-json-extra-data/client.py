import json, socket
s = socket.create_connection(("127.0.0.1", 21080))
s.sendall(json.dumps({"user": "root"}).encode())
print(s.recv(100))
for kind in ("open", "move", "click", "move", "close"):
    s.sendall(json.dumps({"type": kind, "x": 5}).encode())
s.close()
