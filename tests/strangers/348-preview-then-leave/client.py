# preview: show at most 40 characters, `head -c`
import socket
for _ in range(2):
    s = socket.create_connection(("127.0.0.1", 23038)); s.sendall(b"fortune"); print(s.recv(40).decode() + "..."); s.close()
s = socket.create_connection(("127.0.0.1", 23038)); s.sendall(b"bye"); s.close()
