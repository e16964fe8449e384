import os, socket, subprocess, sys
HERE = os.path.dirname(os.path.abspath(__file__))
lst = socket.create_server(("127.0.0.1", 20310))
kids = []
for _ in range(2):
    conn, _ = lst.accept()
    fd = conn.fileno()
    kids.append(subprocess.Popen([sys.executable, os.path.join(HERE, "handler.py"), str(fd)], pass_fds=[fd]))
    conn.close()
lst.close()
print("exit codes", [k.wait() for k in kids])
