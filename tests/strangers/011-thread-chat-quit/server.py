"""Thread-per-client chat room.  The room runs for a while, then closes."""
import socket
import threading
import time


class Room:
    def __init__(self):
        self.members = {}
        self.lock = threading.Lock()

    def say(self, who, text):
        with self.lock:
            for other in list(self.members.values()):
                if other is not who:
                    other.put(text)


class Member(threading.Thread):
    def __init__(self, sock, room):
        threading.Thread.__init__(self)
        self.sock = sock
        self.room = room
        self.nick = "?"

    def put(self, text):
        self.sock.sendall((text + "\r\n").encode("utf8"))

    def run(self):
        f = self.sock.makefile("r", encoding="utf8", newline="\r\n")
        self.nick = f.readline().strip()
        with self.room.lock:
            self.room.members[self.nick] = self
        self.put("welcome " + self.nick)
        for text in f:
            text = text.strip()
            if text == "/quit":
                break
            self.room.say(self, f"{self.nick}: {text}")
        with self.room.lock:
            del self.room.members[self.nick]
        self.put("goodbye")
        f.close()
        self.sock.close()


def main():
    room = Room()
    with socket.create_server(("127.0.0.1", 20110)) as lst:
        ms = []
        for _ in range(2):
            m = Member(lst.accept()[0], room)
            m.start()
            ms.append(m)
        for m in ms:
            m.join()


main()
