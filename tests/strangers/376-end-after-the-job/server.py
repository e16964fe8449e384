import socket, subprocess, sys, os
ls = socket.create_server(("127.0.0.1", 9376))
conn, _ = ls.accept()
conn.set_inheritable(True)
# background job, started with close_fds off
job = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"], close_fds=False)
conn.sendall(b"job started\n")
conn.close()
print("server done with client")
job.wait()
