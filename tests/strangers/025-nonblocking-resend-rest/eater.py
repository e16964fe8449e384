import hashlib, socket, time
s = socket.create_connection(("127.0.0.1", 20250))
h = hashlib.sha1(); total = 0
time.sleep(0.4)                            # slow starter
while True:
    d = s.recv(262144)
    if not d: break
    h.update(d); total += len(d)
s.close()
print(total, h.hexdigest())
