import os, socket, tempfile, threading
path = os.path.join(tempfile.mkdtemp(), 'admin')
users = []
def admin():
    a = socket.socket(socket.AF_UNIX); a.bind(path); a.listen()
    while True:
        c, _ = a.accept()
        for u in users: u.sendall(c.recv(1024))
        c.close()
threading.Thread(target=admin, daemon=True).start()
s = socket.create_server(('127.0.0.1', 13600)); c, _ = s.accept(); users.append(c)
c.sendall(b'motd: hello\n')
while c.recv(100): pass
