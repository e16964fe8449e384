import socket
s = socket.create_connection(("127.0.0.1", 26409)); s.settimeout(0.7)
for n in range(3):
    s.sendall(b"step %d done\n" % n)
    try: print("news:", s.recv(100))
    except socket.timeout: print("no news")
s.close()
