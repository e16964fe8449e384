import socket, time
l = socket.create_server(("127.0.0.1", 21310))
c, _ = l.accept()
f = c.makefile("rb")
booked = 0
for line in f:
    time.sleep(0.05)                      # database
    booked += 1
    c.sendall(b"booked %d\n" % booked)
    print("booked", line.strip())
print("total", booked)
