import socket, time
s = socket.create_connection(("127.0.0.1", 21160))
s.sendall(b"GET page")
f = s.makefile("rb")
want = int(f.readline())
page = f.read(want)
print("wanted", want, "got", len(page), "complete" if len(page) == want else "INCOMPLETE")
s.close()
