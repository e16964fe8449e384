# upgrade: the new server retries bind while the old one still serves
import socket, threading, time, subprocess, sys
OLD = "import socket,time\ns=socket.create_server(('127.0.0.1',24047))\nc,_=s.accept(); c.sendall(b'old'); c.close(); time.sleep(.4)\n"
o = subprocess.Popen([sys.executable, "-c", OLD]); time.sleep(.6)
c = socket.create_connection(("127.0.0.1", 24047)); print(c.recv(10)); c.close(); t = 0
while True:
    s = socket.socket(); s.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try: s.bind(("127.0.0.1", 24047)); s.listen(); break
    except OSError: s.close(); t += 1; time.sleep(.1)
print("retried", t > 0); o.wait()
c = socket.create_connection(("127.0.0.1", 24047)); d, _ = s.accept(); d.sendall(b"new"); print(c.recv(10)); d.close(); c.close(); s.close()
