import socket, time
def watch(n):
    s = socket.create_connection(("127.0.0.1", 21330)); s.settimeout(1.5)
    f = s.makefile("r")
    for i in range(n): print(n, f.readline().strip())
    f.close(); s.close()
watch(3)
time.sleep(0.8)
watch(6)              # nobody answers any more
