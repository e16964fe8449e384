import socket, subprocess, sys
l = socket.create_server(("127.0.0.1", 20720))
c, _ = l.accept()
# a long helper started while the connection is open; Popen closes other descriptors
helper = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(3)"])
c.sendall(b"helper started\n"); c.close(); l.close()
print("closed, helper still runs:", helper.poll() is None)
helper.terminate(); helper.wait()
