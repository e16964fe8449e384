"""Server and client in ONE process (typical unit test)."""
import socket, threading, unittest

class EchoServer:
    def __enter__(self):
        self.l = socket.create_server(("127.0.0.1", 0)); self.addr = self.l.getsockname()
        self.t = threading.Thread(target=self._run); self.t.start(); return self
    def _run(self):
        try:
            while True:
                c, _ = self.l.accept()
                with c:
                    while d := c.recv(10): c.sendall(d)
        except OSError: pass
    def __exit__(self, *a):
        self.l.shutdown(socket.SHUT_RDWR); self.l.close(); self.t.join()

class Tests(unittest.TestCase):
    def test_echo(self):
        with EchoServer() as s, socket.create_connection(s.addr) as c:
            c.sendall(b"hello, long hello"); got = b""
            while len(got) < 17: got += c.recv(100)
            self.assertEqual(got, b"hello, long hello")
            c.close()
    def test_refused(self):
        with socket.socket() as s: s.bind(("127.0.0.1", 0)); port = s.getsockname()[1]
        with self.assertRaises(ConnectionRefusedError): socket.create_connection(("127.0.0.1", port))
    def test_timeout(self):
        with EchoServer() as s, socket.create_connection(s.addr, timeout=.2) as c:
            with self.assertRaises(socket.timeout): c.recv(1)
            c.close()
    def test_type(self):
        a, b = socket.socketpair()
        with a, b, self.assertRaises(TypeError): a.send("text")
unittest.main()
