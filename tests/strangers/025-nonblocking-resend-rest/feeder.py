import select, socket, hashlib

blob = bytes(range(256)) * 32768          # 8 MiB
print("sha", hashlib.sha1(blob).hexdigest())
lst = socket.create_server(("127.0.0.1", 20250))
conn, _ = lst.accept()
conn.setblocking(False)
todo = memoryview(blob)
rounds = 0
while len(todo):
    try:
        n = conn.send(todo)
    except BlockingIOError:
        select.select([], [conn], [])
        rounds += 1
        continue
    todo = todo[n:]
conn.close()
lst.close()
print("waited", rounds > 0)
