import contextlib, queue, socket, threading

class Pool:
    def __init__(self, addr, size):
        self.addr, self.free, self.size, self.made = addr, queue.LifoQueue(), size, 0
        self.lock = threading.Lock()

    def _alive(self, s):
        # an idle connection must be silent; b"" means the server hung up
        try:
            return s.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) != b""
        except BlockingIOError:
            return True

    @contextlib.contextmanager
    def connection(self):
        try:
            s = self.free.get_nowait()
            if not self._alive(s):
                s.close(); self.made -= 1; raise queue.Empty
        except queue.Empty:
            with self.lock:
                fresh = self.made < self.size
                self.made += fresh
            s = socket.create_connection(self.addr) if fresh else self.free.get()
        try:
            yield s
        finally:
            self.free.put(s)

    def close(self):
        for _ in range(self.made):
            self.free.get().close()
