import os, socket, sys, tempfile
with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as s:
    s.connect(os.path.join(tempfile.gettempdir(), "plain-corpus-049.sock"))
    f = s.makefile("rw")
    for cmd in ("get volume", "set volume 9", "get volume", "get bass", "stop"):
        f.write(cmd + "\n"); f.flush(); print(cmd, "->", f.readline().strip())
    f.close()
