import os, socket, sys
l = socket.create_server(("127.0.0.1", 21590))
conn, _ = l.accept()
pid = os.fork()
role = "parent" if pid else "child"
lines = 0
while True:
    data = conn.recv(64)
    if not data: break
    lines += data.count(b"\n")
    print(role, "got", data.strip().decode())
print(role, "handled", lines)
if pid: os.waitpid(pid, 0)
