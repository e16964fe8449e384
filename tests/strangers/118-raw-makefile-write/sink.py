import hashlib, socket
l = socket.create_server(("127.0.0.1", 21180))
c, _ = l.accept()
rf = c.makefile("rb")
digest, size = rf.readline().decode().split()
import time; time.sleep(0.5)
body = rf.read(int(size))
print("ok" if hashlib.md5(body).hexdigest() == digest else f"CHECKSUM ERROR, {len(body)} of {size}")
rf.close(); c.close(); l.close()
