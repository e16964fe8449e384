import socket, subprocess, threading
def run(c, cmd):
    r = subprocess.run(cmd, shell=True, capture_output=True)
    c.sendall(r.stdout + b'$ ')
s = socket.create_server(('127.0.0.1', 13580)); c, _ = s.accept()
f = c.makefile('r')
c.sendall(b'$ ')
while (line := f.readline()):
    if line.strip() in ('date', 'sleep 20'):
        threading.Thread(target=run, args=(c, line), daemon=True).start()
