from __future__ import annotations

import logging
import socket
import threading

log = logging.getLogger("echo")


class Session(threading.Thread):
    def __init__(self, owner: "EchoServer", sock: socket.socket, peer):
        super().__init__(name=f"session-{peer[1]}", daemon=True)
        self.owner, self.sock, self.peer = owner, sock, peer

    def run(self) -> None:
        try:
            while chunk := self.sock.recv(65536):
                self.sock.sendall(chunk)
        finally:
            self.sock.close()
            self.owner.done(self)


class EchoServer:
    def __init__(self, addr, expected: int):
        self.listener = socket.create_server(addr)
        self.expected = expected
        self.lock = threading.Condition()
        self.finished = 0

    def done(self, session):
        with self.lock:
            self.finished += 1
            self.lock.notify_all()

    def serve(self):
        for _ in range(self.expected):
            Session(self, *self.listener.accept()).start()
        with self.lock:
            self.lock.wait_for(lambda: self.finished == self.expected)
        self.listener.close()
        log.info("served %d sessions", self.finished)
