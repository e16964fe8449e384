"""Results, types and the cutting of bytes are those of the bare program."""

from __future__ import annotations

from pathlib import Path

from tests.see.transparency.observed import check_ok, check_same


def test_sockets_keep_their_type_and_looks(tmp_path: Path) -> None:
    """Libraries compare types, print sockets and read signatures."""
    check_ok(
        tmp_path,
        """
        import _socket, inspect, os, pickle, socket
        a, b = socket.socketpair()
        assert type(a) is socket.socket is socket.SocketType.__subclasses__()[0]
        assert isinstance(a, _socket.socket)
        assert socket.socket.__mro__[1] is _socket.socket
        assert repr(a).startswith("<socket.socket fd="), repr(a)
        assert socket.socket.__slots__ == ["__weakref__", "_io_refs", "_closed"]
        for name in ("send", "recv", "recv_into", "accept", "close", "connect", "sendall"):
            method = getattr(socket.socket, name)
            assert method.__name__ == name, name
            assert callable(getattr(a, name))
        try:
            a.unknown = 1
        except AttributeError:
            pass
        else:
            raise AssertionError("an attribute could be set")
        for reduce in (lambda: pickle.dumps(a),):
            try:
                reduce()
            except TypeError as error:
                assert "cannot pickle" in str(error), error
        print("ok")
        """,
    )


def test_pickled_functions_are_found_again(tmp_path: Path) -> None:
    """Functions go to other processes by name; a replaced one must answer to its own."""
    check_ok(
        tmp_path,
        """
        import os, pickle, socket
        assert pickle.loads(pickle.dumps(socket.socketpair)) is socket.socketpair
        assert pickle.loads(pickle.dumps(socket.socket)) is socket.socket
        assert pickle.loads(pickle.dumps(os.write)) is os.write
        assert pickle.loads(pickle.dumps(os.read)) is os.read
        assert pickle.loads(pickle.dumps(os.close)) is os.close
        assert pickle.loads(pickle.dumps(os._exit)) is os._exit
        print("ok")
        """,
    )


def test_fromfd_detach_dup_makefile(tmp_path: Path) -> None:
    """One kernel socket under several descriptors and objects."""
    seen = check_ok(
        tmp_path,
        """
        import os, socket
        a, b = socket.socketpair()
        c = socket.fromfd(a.fileno(), a.family, a.type)
        d = a.dup()
        assert c.type == d.type == socket.SOCK_STREAM
        assert c.send(b"one") == 3 and d.send(b"two") == 3
        assert b.recv(100) == b"onetwo"
        fd = c.detach()
        assert c.fileno() == -1
        assert os.write(fd, b"three") == 5
        assert b.recv(3) == b"thr" and b.recv(10) == b"ee"
        e = socket.socket(fileno=fd)
        assert e.fileno() == fd and e.family == socket.AF_UNIX
        with b.makefile("rwb") as file:
            d.sendall(b"a line\\nrest")
            assert file.readline() == b"a line\\n"
            file.write(b"back\\n")
            file.flush()
            b.close()
            assert file.read(4) == b"rest"
        assert e.recv(10) == b"back\\n"
        assert a.recv(10) == b""
        for s in (a, d, e):
            s.close()
            assert s.fileno() == -1
        print("ok")
        """,
    )
    sent = seen.calls("send", "sendall", "os.write")
    assert sum(call.count for call in sent) == 3 + 3 + 5 + 11 + 5


def test_arguments_by_keyword_are_taken_where_they_were(tmp_path: Path) -> None:
    """recv_into and sendto differ in which arguments may be named; errors are the same."""
    check_same(
        tmp_path,
        """
        import os, select, socket
        a, b = socket.socketpair()
        a.sendall(b"0123456789")
        into = bytearray(10)
        print(b.recv_into(buffer=into, nbytes=2, flags=socket.MSG_PEEK), into)
        print(b.recv_into(into, nbytes=2), into)
        print(b.recv_into(memoryview(into)[4:], 3), into)
        print(b.recvfrom_into(buffer=into, nbytes=1), into)
        for wrong in (
            lambda: b.recv(bufsize=1),
            lambda: b.recv(),
            lambda: b.recv(-1),
            lambda: b.recv("1"),
            lambda: b.recv(1, 2, 3),
            lambda: b.recv(1, flags=2),
            lambda: b.recv_into(into, wrong=2),
            lambda: b.recv_into(nbytes=2),
            lambda: b.recvfrom(),
            lambda: b.recvfrom_into(),
            lambda: b.recvmsg(),
            lambda: a.sendall(),
            lambda: a.sendall(b"1", 2, 3),
            lambda: a.sendmsg(),
            lambda: a.sendto(),
            lambda: a.connect(),
            lambda: a.connect("127.0.0.1", 80),
            lambda: a.connect(address=("127.0.0.1", 80)),
            lambda: a.connect_ex("127.0.0.1", 80),
            lambda: a.bind("127.0.0.1", 80),
            lambda: a.listen(1, 2),
            lambda: a.listen(backlog=2),
            lambda: os.read(),
            lambda: os.read(1, 2, 3),
            lambda: os.write(1),
            lambda: os.write(fd=1, data=b""),
            lambda: os.close(),
            lambda: select.select([], []),
            lambda: select.select(1, 2, 3),
            lambda: b.recv(1.5),
            lambda: b.recv_into(b"constant"),
            lambda: b.recv_into(into, 100),
            lambda: b.recv_into(into, -1),
            lambda: b.recv_into(),
            lambda: a.send(),
            lambda: a.send("text"),
            lambda: a.send(data=b"1"),
            lambda: a.send(None),
            lambda: a.sendall("text"),
            lambda: a.sendall(object()),
            lambda: a.sendto(b"x"),
            lambda: a.sendto("x", ("127.0.0.1", 1)),
            lambda: a.sendmsg("text"),
            lambda: a.sendmsg(["text"]),
            lambda: a.sendmsg(5),
            lambda: a.bind(5),
            lambda: a.bind(),
            lambda: a.connect([1, 2]),
            lambda: a.connect(("host", "port", 1)),
            lambda: a.listen("x"),
            lambda: a.shutdown(),
            lambda: a.shutdown("x"),
            lambda: a.setsockopt(1),
            lambda: a.setsockopt("a", "b", "c"),
            lambda: a.recvmsg(-1),
            lambda: a.recvmsg_into(5),
            lambda: socket.socket(fileno=-5),
            lambda: socket.socket(fileno="x"),
            lambda: socket.socket("x"),
            lambda: socket.socket(bad=1),
        ):
            try:
                print("no error", wrong())
            except Exception as error:
                print(type(error).__name__, error, error.args)
        """,
    )


def test_sendmsg_consumes_a_generator_once(tmp_path: Path) -> None:
    """A generator of buffers can be read only by the call itself."""
    seen = check_ok(
        tmp_path,
        """
        import socket
        a, b = socket.socketpair()
        assert a.sendmsg(part for part in (b"ab", bytearray(b"cd"), memoryview(b"ef"))) == 6
        assert b.recvmsg(10)[0] == b"abcdef"
        assert a.sendmsg([b"12", b"34"]) == 4
        into = [bytearray(1), bytearray(10)]
        assert b.recvmsg_into(into)[0] == 4 and into[0] == b"1" and into[1][:3] == b"234"
        assert a.sendmsg(iter([b"x"])) == 1
        targets = iter([bytearray(5)])
        assert b.recvmsg_into(targets)[0] == 1
        print("ok")
        """,
    )
    assert [call.count for call in seen.calls("sendmsg")] == [6, 4, 1]
    assert [call.count for call in seen.calls("recvmsg_into")] == [4, 1]


def test_buffers_that_are_not_bytes(tmp_path: Path) -> None:
    """array.array, ctypes, memoryviews of other formats and shapes are sent as they lie."""
    seen = check_ok(
        tmp_path,
        """
        import array, ctypes, mmap, socket
        a, b = socket.socketpair()

        def over(data, size):
            assert a.send(data) == size
            assert b.recv(1000) == bytes(data)
            assert a.sendall(data) is None
            got = bytearray(size)
            assert b.recv_into(got) == size and got == bytes(data)

        over(memoryview(array.array("i", [1, 2, 3])), 12)
        over(array.array("d", [1.5]), 8)
        over(memoryview(bytes(24)).cast("B", (2, 3, 4)), 24)
        over((ctypes.c_int * 3)(1, 2, 3), 12)
        mapped = mmap.mmap(-1, 16)
        assert a.sendall(mapped) is None and b.recv(100) == bytes(16)
        mapped.close()
        class Mine(bytes):
            def __len__(self):
                raise RuntimeError("not ours to ask")
        assert a.send(Mine(b"xyz")) == 3
        assert b.recv(10) == b"xyz"
        class Odd(bytearray):
            def __bool__(self):
                raise RuntimeError("not ours to ask")
        assert a.send(Odd(b"pq")) == 2
        assert b.recv(10) == b"pq"
        into = array.array("i", [0, 0, 0])
        a.send(bytes(12))
        assert b.recv_into(into) == 12
        a.send(bytes(8))
        assert b.recv_into(memoryview(into)[1:]) == 8
        a.send(b"abcd")
        assert b.recv_into((ctypes.c_char * 10)()) == 4
        strided = memoryview(bytes(range(10)))[::2]
        for send in (a.send, a.sendall):
            try:
                send(strided)
            except BufferError as error:
                assert "not contiguous" in str(error) or "contiguous" in str(error), error
            else:
                raise AssertionError
        assert a.send(b"") == 0 and a.sendall(b"") is None
        a.setblocking(False); b.setblocking(False)
        assert b.recv(0) == b""
        assert a.send(b"q") == 1 and b.recv(0) == b"" and b.recv(1) == b"q"
        print("ok")
        """,
    )
    assert sum(1 for call in seen.calls("send") if call.failure) == 1


def test_socket_subclasses_and_own_init(tmp_path: Path) -> None:
    """A subclass that overrides methods or __init__ calls up as it always did."""
    check_ok(
        tmp_path,
        """
        import socket
        log = []
        class Mine(socket.socket):
            def __init__(self, *args, tag=None, **kw):
                super().__init__(*args, **kw)
                self.tag = tag
            def send(self, data, *rest):
                log.append(data)
                return super().send(data, *rest)
            def close(self):
                log.append("close")
                super().close()
        a, b = socket.socketpair()
        with Mine(a.family, a.type, 0, a.detach(), tag=5) as mine:
            assert mine.tag == 5 and type(mine) is Mine
            assert mine.send(b"hi") == 2
        assert b.recv(5) == b"hi" and b.recv(5) == b""
        assert log == [b"hi", "close"], log
        class Bare(socket.socket):
            def __init__(self):
                pass
        bare = Bare()
        assert bare.fileno() in (-1, 0), bare.fileno()
        print("ok")
        """,
    )


def test_sendfile_and_descriptor_io(tmp_path: Path) -> None:
    """os.read, os.write and their kin on a socket's descriptor, and on others."""
    seen = check_ok(
        tmp_path,
        """
        import os, socket, tempfile
        a, b = socket.socketpair()
        with tempfile.TemporaryFile() as file:
            file.write(b"0123456789" * 10)
            file.flush()
            file.seek(0)
            assert a.sendfile(file) == 100
            assert b.recv(200) == b"0123456789" * 10
            assert os.sendfile(a.fileno(), file.fileno(), 5, 10) == 10
            assert os.sendfile(a.fileno(), file.fileno(), offset=5, count=3) == 3
            assert os.pread(file.fileno(), 3, 1) == b"123"
        assert os.read(b.fileno(), 100) == b"5678901234567"
        assert os.writev(a.fileno(), [b"ab", b"cd"]) == 4
        into = [bytearray(1), bytearray(5)]
        assert os.readv(b.fileno(), into) == 4 and into[1][:3] == b"bcd"
        r, w = os.pipe()
        assert os.write(w, b"pipe") == 4 and os.read(r, 10) == b"pipe"
        os.close(r); os.close(w)
        class Kept:
            write, read, close = os.write, os.read, os.close
        assert Kept().write(a.fileno(), b"bound?") == 6
        assert Kept().read(b.fileno(), 10) == b"bound?"
        for bad in (lambda: os.write(-1, b""), lambda: os.read(99999, 1), lambda: os.close(-1),
                    lambda: os.write("x", b""), lambda: os.read(0.5, 1), lambda: os.close([])):
            try:
                bad()
            except (OSError, TypeError) as error:
                pass
            else:
                raise AssertionError
        print("ok")
        """,
    )
    counts = [call.count for call in seen.calls("os.sendfile", "os.writev", "os.readv", "os.read")]
    assert sum(counts) == 100 + 10 + 3 + 13 + 4 + 4 + 6


def test_exceptions_keep_type_errno_and_context(tmp_path: Path) -> None:
    """Refused, reset, timed out, would block, closed: the same object of the same class."""
    check_same(
        tmp_path,
        """
        import errno, socket, struct
        def show(call):
            try:
                raise KeyError("context")
            except KeyError:
                try:
                    print("no error", call())
                except Exception as e:
                    print(type(e).__name__, e.args, getattr(e, "errno", 0), e.__cause__,
                          repr(e.__context__), e.__suppress_context__)
        free = socket.create_server(("127.0.0.1", 0))
        port = free.getsockname()
        free.close()
        show(lambda: socket.socket().connect(("127.0.0.1", 1)))
        s = socket.socket()
        show(lambda: print(s.connect_ex(("127.0.0.1", 1))))
        show(lambda: socket.socket().recv(1))
        a, b = socket.socketpair()
        a.settimeout(0.01)
        show(lambda: a.recv(1))
        a.setblocking(False)
        show(lambda: a.recv(1))
        show(lambda: a.recv_into(bytearray(1)))
        show(lambda: a.accept())
        show(lambda: a.bind(("x", 1)))
        b.close()
        show(lambda: a.send(b"x"))
        show(lambda: a.sendall(b"x"))
        a.close()
        show(lambda: a.send(b"x"))
        show(lambda: a.recv(1))
        show(lambda: a.getsockname())
        show(lambda: socket.create_connection(("127.0.0.1", 1), timeout=2))
        show(lambda: socket.socket().setsockopt(1, 9999, 1))
        server = socket.create_server(("127.0.0.1", 0))
        c = socket.create_connection(server.getsockname())
        d, _ = server.accept()
        d.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        d.close()
        show(lambda: c.recv(1))
        show(lambda: server.bind(server.getsockname()))
        """,
    )


def test_a_read_of_nothing_many_times_stays_a_read_of_nothing(tmp_path: Path) -> None:
    """A loop on b'' is counted, no longer recorded, after 64; data afterwards is data."""
    seen = check_ok(
        tmp_path,
        """
        import socket
        a, b = socket.socketpair()
        a.shutdown(socket.SHUT_WR)
        for _ in range(500):
            assert b.recv(10) == b""
            assert b.recv_into(bytearray(3)) == 0
            assert b.recvfrom(10)[0] == b""
            assert b.recvmsg(10)[0] == b""
        print("ok")
        """,
    )
    assert 64 <= len(seen.calls("recv", "recv_into", "recvfrom", "recvmsg")) <= 70
    assert max(note[3] for note in seen.notes("eofs")) == 1024


def test_no_descriptor_is_owned_and_numbers_are_the_same(tmp_path: Path) -> None:
    """A program that counts its descriptors, or relies on the lowest free one, sees no other."""
    check_same(
        tmp_path,
        """
        import os, socket
        a = socket.socket()
        print(a.fileno(), sorted(os.listdir("/proc/self/fd")))
        for _ in range(3000):
            a.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        b = socket.socket()
        print(b.fileno(), sorted(os.listdir("/proc/self/fd")))
        """,
    )


def test_the_program_finds_the_modules_it_would_find(tmp_path: Path) -> None:
    """sys.path, sys.argv, sys.flags, __main__ and the loaded modules of the program's world."""
    check_same(
        tmp_path,
        """
        import sys, threading
        print(sys.path, sys.argv, __name__, __file__, __spec__, __loader__.__class__)
        print([hook.__name__ for hook in sys.path_hooks], len(sys.meta_path) > 0)
        print("socket" in sys.modules, "asyncio" in sys.modules, "ssl" in sys.modules)
        print("json" in sys.modules, "traceback" in sys.modules)
        print("subprocess" in sys.modules, "logging" in sys.modules, "inspect" in sys.modules)
        print([thread.name for thread in threading.enumerate()])
        import socket
        print(socket.__spec__.name, socket.__loader__.__class__, "exec_module" in vars(
            socket.__loader__))
        import importlib
        print(importlib.util.find_spec("ssl").name if hasattr(importlib, "util") else 0)
        """,
        "an argument",
    )


def test_reloading_socket_keeps_working(tmp_path: Path) -> None:
    """importlib.reload makes the class anew; the new one is the bare one or an observed one."""
    check_ok(
        tmp_path,
        """
        import importlib, socket
        old = socket.socket
        importlib.reload(socket)
        a, b = socket.socketpair()
        a.send(b"x")
        assert b.recv(1) == b"x"
        print("ok")
        """,
    )


def test_ssl_over_a_socketpair(tmp_path: Path) -> None:
    """SSLSocket keeps its class, its own methods and its errors."""
    check_same(
        tmp_path,
        """
        import socket, ssl
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        a, b = socket.socketpair()
        wrapped = context.wrap_socket(a, do_handshake_on_connect=False)
        print(type(wrapped).__name__, type(wrapped).__mro__[1] is socket.socket, a.fileno())
        b.sendall(b"this is not TLS")
        for call in (wrapped.do_handshake, lambda: wrapped.read(1), lambda: wrapped.send(b"x"),
                     wrapped.unwrap, lambda: wrapped.recv(1), lambda: wrapped.recv_into([])):
            try:
                print(call())
            except Exception as error:
                print(type(error).__name__, error.args[0] if error.args else None)
        """,
    )
