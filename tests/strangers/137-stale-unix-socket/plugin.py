import os, socket, tempfile, time
time.sleep(0.3)
class HostLink:
    def __init__(self):
        self.s = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.s.connect(os.path.join(tempfile.gettempdir(), "corpus-137.sock"))
    def config(self): return self.s.recv(4096)
print(HostLink().config())
