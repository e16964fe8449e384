"""Just enough FTP for ftplib: passive mode, LIST/NLST, RETR, STOR."""
import socket
import threading

FILES = {"readme.txt": b"hello\r\n" * 10, "big.bin": bytes(400_000)}


class Ftp(threading.Thread):
    def __init__(self, ctrl):
        super().__init__(daemon=True)
        self.c = ctrl
        self.f = ctrl.makefile("r", newline="\r\n")
        self.data_listener = None

    def reply(self, text):
        self.c.sendall(text.encode() + b"\r\n")

    def data(self):
        d, _ = self.data_listener.accept()
        self.data_listener.close()
        return d

    def run(self):
        self.reply("220 hi")
        for line in self.f:
            cmd, _, arg = line.strip().partition(" ")
            getattr(self, "do_" + cmd.lower(), self.unknown)(arg)
            if cmd == "QUIT":
                break
        self.f.close()
        self.c.close()

    def unknown(self, arg): self.reply("502 no")
    def do_user(self, a): self.reply("331 password?")
    def do_pass(self, a): self.reply("230 in")
    def do_type(self, a): self.reply("200 ok")
    def do_quit(self, a): self.reply("221 bye")

    def do_pasv(self, a):
        self.data_listener = socket.create_server(("127.0.0.1", 0))
        p = self.data_listener.getsockname()[1]
        self.reply(f"227 Entering Passive Mode (127,0,0,1,{p >> 8},{p & 255})")

    def do_nlst(self, a):
        self.reply("150 here")
        with self.data() as d:
            d.sendall("".join(n + "\r\n" for n in FILES).encode())
        self.reply("226 done")

    def do_retr(self, name):
        if name not in FILES:
            self.data_listener.close()
            return self.reply("550 no such file")
        self.reply("150 coming")
        with self.data() as d:
            d.sendall(FILES[name])
        self.reply("226 sent")

    def do_stor(self, name):
        self.reply("150 send it")
        with self.data() as d:
            b = b""
            while x := d.recv(8192):
                b += x
        FILES[name] = b
        self.reply("226 stored %d" % len(b))


with socket.create_server(("127.0.0.1", 20420)) as l:
    while True:
        Ftp(l.accept()[0]).start()
