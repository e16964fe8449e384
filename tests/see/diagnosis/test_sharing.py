"""Which programs write to one client what another brings."""

from __future__ import annotations

from textwrap import dedent

import pytest

from plainwire.see.diagnosis.sharing import closes_members, runs, writes_to_others

SHARING = {
    "S1 a loop over everybody": """
        def tell(text):
            for name, conn in list(people.items()):
                conn.sendall(text)
        """,
    "S1 somebody by name": """
        peer = people[name]
        peer.send(text)
        """,
    "S1 straight from a table": "people.get(name).sendall(text)",
    "S1 an object that has the connection": """
        for player in table.players:
            player.sock.sendall(card)
        """,
    "S2 a list of connections": """
        conn, address = server.accept()
        clients.append(conn)
        """,
    "S2 a handler that registers itself": """
        class Person(socketserver.BaseRequestHandler):
            def setup(self):
                self.server.people.add(self.request)
        """,
    "S2 a protocol that registers itself": """
        class Chat(asyncio.Protocol):
            def connection_made(self, transport):
                rooms[transport] = self
        """,
    "S2 an object made with it": """
        conn, _ = server.accept()
        players.append(Player(conn))
        """,
    "S3 handlers that wait for each other": """
        changed = threading.Condition()
        """,
    "S4 from datagrams to a connection": """
        def forward():
            while True:
                client.sendall(datagrams.recv(65535))
        """,
    "S1 everybody in a selector": """
        def on_data(conn):
            text = conn.recv(1024)
            for key in sel.get_map().values():
                key.fileobj.sendall(text)
        sel.register(conn, selectors.EVENT_READ, on_data)
        for key, _ in sel.select():
            key.data(key.fileobj)
        """,
    "S1 everybody that is waited on": """
        ready, _, _ = select.select(everybody, [], [])
        for conn in ready:
            text = conn.recv(1024)
            for other in everybody:
                other.sendall(text)
        """,
    "S2 everybody by their buffers": """
        bufs[conn] = b""
        for key, _ in sel.select():
            conn = key.fileobj
            text = conn.recv(1024)
            for other in bufs:
                tell(other, text)
        """,
    "S2 one waits for the next": """
        conn, _ = server.accept()
        waiting.append(conn)
        start(conn, waiting.pop())
        for key, _ in sel.select():
            key.fileobj.sendall(key.fileobj.recv(99))
        """,
    "S2 a selector that knows the other end": """
        b.recv(1)
        sel.register(a, selectors.EVENT_READ, b)
        for key, _ in sel.select():
            conn = key.fileobj
            conn.sendall(conn.recv(1024))
        """,
    "S4 a relay around a selector": """
        sel.register(a, selectors.EVENT_READ, b)
        while True:
            for key, _ in sel.select():
                key.data.sendall(key.fileobj.recv(1024))
        """,
    "S2 a room that clients register in": """
        conn.recv(99)
        room.register(conn)
        sel.select()
        """,
    "no Python at all": "print 'hello'",
}

ALONE = {
    "a thread a client": """
        def talk(conn):
            while data := conn.recv(1024):
                conn.sendall(data)
        threads = []
        while True:
            conn, address = server.accept()
            thread = threading.Thread(target=talk, args=(conn,))
            threads.append(thread)
            thread.start()
        """,
    "threads made in place": """
        conn, address = server.accept()
        threads.append(threading.Thread(target=talk, args=(conn, address)))
        """,
    "socketserver": """
        class Echo(socketserver.StreamRequestHandler):
            def handle(self):
                for line in self.rfile:
                    self.wfile.write(line)
        """,
    "asyncio": """
        async def talk(reader, writer):
            while line := await reader.readline():
                writer.write(line)
                await writer.drain()
        """,
    "a greeting at the door": """
        while True:
            conn, address = server.accept()
            conn.sendall(b"welcome")
            threading.Thread(target=talk, args=(conn,)).start()
        """,
    "lines of a makefile": """
        def talk(conn):
            lines = conn.makefile()
            for line in lines:
                conn.sendall(line.upper())
        """,
    "a buffer of pieces": """
        parts = []
        while data := conn.recv(1024):
            parts.append(data)
        conn.sendall(b"".join(parts))
        """,
    "a selector with callbacks": """
        def on_accept(server):
            conn, _ = server.accept()
            bufs[conn] = b""
            sel.register(conn, selectors.EVENT_READ, on_data)
        def on_data(conn):
            data = conn.recv(1024)
            if not data:
                sel.unregister(conn)
                del bufs[conn]
                return
            bufs[conn] += data
            conn.sendall(bufs.pop(conn))
        for key, _ in sel.select(timeout=1):
            key.data(key.fileobj)
        """,
    "a selector whose events are gone through": """
        sel.register(conn, selectors.EVENT_READ, data=None)
        events = sel.select()
        for key, _ in events:
            key.fileobj.sendall(key.fileobj.recv(1024))
        """,
    "a list that select() is given": """
        everybody = [server]
        while True:
            ready, _, _ = select.select(everybody, [], [])
            for sock in ready:
                if sock is server:
                    conn, _ = sock.accept()
                    everybody.append(conn)
                else:
                    data = sock.recv(1024)
                    if not data:
                        everybody.remove(sock)
                    sock.sendall(data)
        """,
    "counts by address": """
        conn, address = server.accept()
        seen[address[0]] = seen.get(address[0], 0) + 1
        """,
}


@pytest.mark.parametrize("name", SHARING)
def test_a_client_of_such_a_program_may_wait_for_news(name: str) -> None:
    """A subscriber that waits is well; to call it a hang would be a false accusation."""
    assert writes_to_others(dedent(SHARING[name]))


@pytest.mark.parametrize("name", ALONE)
def test_here_only_the_two_of_them_speak(name: str) -> None:
    """Nobody else can write to this connection: if both wait, they wait for ever."""
    assert not writes_to_others(dedent(ALONE[name]))


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("for conn in list(idle):\n    conn.close()", True),
        ("sessions.pop(name).close()", True),
        ("conn, _ = server.accept()\nkept.append(conn)", False),
        ("with conn:\n    conn.recv(9)\nserver.close()", False),
    ],
)
def test_a_program_that_clears_up_now_and_then(source: str, expected: bool) -> None:
    """When we end it before that, its open connections are no leak."""
    assert closes_members(source) is expected


@pytest.mark.parametrize(
    ("source", "expected"),
    [("asyncio.create_task(typist(w))", True), ("nursery.start_soon(typist)", True),
     ("loop.call_later(10, self.typist, w)", True), ("await gather(reader(), typist())", True),
     ("asyncio.run(typist())", False), ("await typist(w)", False),
     ("asyncio.create_task(other(w))", False), ("def broken(:", True)],
)  # fmt: skip
def test_what_a_loop_runs_beside_the_rest_is_known(source: str, expected: bool) -> None:
    """Such a function may go on sending while another one waits."""
    assert runs(source, "typist") is expected
