import os, socket, tempfile
d = tempfile.gettempdir()
me = f"{d}/corpus-050-c-{os.getpid()}"
s = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM); s.bind(me)
try:
    for w in ("a", "b c", "", "d" * 3000, "the end"):
        s.sendto(w.encode(), d + "/corpus-050-s")
        print(s.recv(65536)[:10])
finally:
    s.close(); os.remove(me)
