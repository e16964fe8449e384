import socket, subprocess, sys, threading
s = socket.create_server(('127.0.0.1', 13300)); c, _ = s.accept()
p = subprocess.Popen([sys.executable, '-uc', 'import time; print("start"); time.sleep(20); print("later")'], stdout=subprocess.PIPE)
def forward():
    for line in p.stdout: c.sendall(line)
threading.Thread(target=forward, daemon=True).start()
try:
    cmd = c.recv(10)        # 'stop', or b'' when the viewer has gone
finally:
    p.terminate()
