import json, socket, time
s = socket.create_connection(("127.0.0.1", 20470))
for i in range(10):
    t = json.dumps({"name": "Ünïcode", "list": list(range(i * 9))}).encode()
    s.sendall(t[:5]); time.sleep(.02); s.sendall(t[5:])
s.shutdown(socket.SHUT_WR)
buf = b""
while True:
    buf += s.recv(3)
    try: print(json.loads(buf)); break
    except json.JSONDecodeError: pass       # not complete yet
s.close()
