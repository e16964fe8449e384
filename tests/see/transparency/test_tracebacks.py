"""What a program prints as it fails, and its exit status, are those of the bare program."""

from __future__ import annotations

from pathlib import Path

from tests.see.transparency.observed import Seen, check_same


def fails(tmp_path: Path, program: str) -> Seen:
    """A program that prints a traceback; the same one with and without the probe."""
    seen = check_same(tmp_path, program)
    assert "Traceback" in seen.stderr
    assert "plainwire" not in seen.stderr.replace(str(tmp_path), "")
    return seen


def test_uncaught_in_the_main_thread(tmp_path: Path) -> None:
    """The commonest of all, straight from a socket call."""
    seen = fails(
        tmp_path,
        """
        import socket
        def connect():
            s = socket.socket()
            s.connect(("127.0.0.1", 1))
        connect()
        """,
    )
    assert seen.status == 1
    assert seen.notes("exception")[0][3] == "ConnectionRefusedError"


def test_a_chain_of_exceptions(tmp_path: Path) -> None:
    """Causes and contexts hold wrappers' frames too."""
    fails(
        tmp_path,
        """
        import socket
        try:
            try:
                socket.socket().recv(1)
            except OSError as error:
                raise ValueError("first") from error
        except ValueError:
            socket.create_connection(("127.0.0.1", 1), timeout=2)
        """,
    )


def test_wrong_arguments(tmp_path: Path) -> None:
    """A call that never reached the kernel."""
    fails(tmp_path, "import socket\nsocket.socket().connect('127.0.0.1', 80)\n")


def test_text_for_bytes(tmp_path: Path) -> None:
    """The beginner's first mistake, through a file object too."""
    fails(tmp_path, "import socket\na, b = socket.socketpair()\na.send('text')\n")


def test_through_a_makefile(tmp_path: Path) -> None:
    """Frames of the standard library stay, ours go."""
    fails(
        tmp_path,
        """
        import socket
        a, b = socket.socketpair()
        b.settimeout(0.01)
        b.makefile("rb").readline()
        """,
    )


def test_uncaught_in_a_thread(tmp_path: Path) -> None:
    """Printed by threading, through C or Python code by version."""
    seen = fails(
        tmp_path,
        """
        import socket, threading
        def work():
            socket.socket().connect(("127.0.0.1", 1))
        t = threading.Thread(target=work, name="worker")
        t.start()
        t.join()
        print("main ends")
        """,
    )
    assert seen.status == 0
    assert seen.stdout == "main ends\n"


def test_uncaught_in_a_bare_thread(tmp_path: Path) -> None:
    """`_thread` prints through sys.unraisablehook."""
    seen = check_same(
        tmp_path,
        """
        import _thread, socket
        done = _thread.allocate_lock()
        done.acquire()
        class Last:
            def __del__(self):
                done.release()
        def work(last):
            socket.socket().connect(("127.0.0.1", 1))
        import sys
        def hook(args):
            tb, names = args.exc_traceback, []
            while tb is not None:
                if "plainwire" not in tb.tb_frame.f_code.co_filename:
                    names.append(tb.tb_frame.f_code.co_name)
                tb = tb.tb_next
            print(args.exc_type.__name__, names)
            done.release()
        sys.unraisablehook = hook
        _thread.start_new_thread(work, (1,))
        print(done.acquire(True, 20))
        """,
    )
    assert seen.stdout == "ConnectionRefusedError ['work']\nTrue\n"


def test_uncaught_in_a_child_of_multiprocessing(tmp_path: Path) -> None:
    """The child prints by itself and exits with 1."""
    fails(
        tmp_path,
        """
        import multiprocessing, socket
        def work():
            socket.socket().connect(("127.0.0.1", 1))
        if __name__ == "__main__":
            for method in ("fork", "spawn"):
                p = multiprocessing.get_context(method).Process(target=work, name="child")
                p.start()
                p.join()
                print(p.exitcode)
        """,
    )


def test_in_a_handler_of_socketserver(tmp_path: Path) -> None:
    """The server prints it and goes on."""
    seen = check_same(
        tmp_path,
        """
        import re, socket, socketserver, sys
        class Handler(socketserver.BaseRequestHandler):
            def handle(self):
                self.request.recv(1)
                self.request.connect(("127.0.0.1", 1))
        class Server(socketserver.TCPServer):
            def handle_error(self, request, address):
                super().handle_error(request, ("address", 0))
        with Server(("127.0.0.1", 0), Handler) as server:
            with socket.create_connection(server.server_address) as client:
                client.send(b"x")
                server.handle_request()
                print(client.recv(1))
        """,
    )
    assert "Traceback" in seen.stderr
    assert seen.notes("exception")[0][5] == "handler"


def test_in_a_task_of_asyncio(tmp_path: Path) -> None:
    """Out of a callback of the loop, which prints it, and out of run()."""
    fails(
        tmp_path,
        """
        import asyncio, logging, socket, threading
        logging.basicConfig(format="%(message).60s")
        listener = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=lambda: listener.accept()[0].close()).start()
        def send_it(sock):
            sock.send(b"x")
        async def main():
            a, b = socket.socketpair()
            b.close()
            asyncio.get_running_loop().set_exception_handler(
                lambda loop, context: print(type(context["exception"]).__name__)
            )
            asyncio.get_running_loop().call_soon(send_it, a)
            await asyncio.sleep(0)
            await asyncio.sleep(0)
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            await reader.readexactly(5)
        asyncio.run(main())
        """,
    )


def test_printed_by_the_program_itself(tmp_path: Path) -> None:
    """print_exc, logging, format_exception, and an excepthook of the program's own."""
    fails(
        tmp_path,
        """
        import logging, socket, sys, traceback
        def go():
            socket.socket().connect(("127.0.0.1", 1))
        try:
            go()
        except OSError:
            traceback.print_exc()
            print(traceback.format_exc())
            logging.exception("logged")
        def mine(kind, value, tb):
            print("mine", kind.__name__, "".join(traceback.format_exception(kind, value, tb)))
        sys.excepthook = mine
        go()
        """,
    )


def test_exit_statuses(tmp_path: Path) -> None:
    """sys.exit, os._exit, an abort and a signal end the process as they would."""
    for end, status in (
        ("sys.exit(3)", 3),
        ("sys.exit('text')", 1),
        ("os._exit(5)", 5),
        ("os.abort()", -6),
        ("os.kill(os.getpid(), 15)", -15),
        ("os.kill(os.getpid(), 9)", -9),
        ("raise KeyboardInterrupt", -2),
        ("raise SystemExit", 0),
        ("os.execv('/bin/sh', ['sh', '-c', 'exit 7'])", 7),
    ):
        seen = check_same(
            tmp_path,
            f"import os, socket, sys\na, b = socket.socketpair()\na.send(b'x')\n{end}\n",
        )
        assert seen.status == status, end
        assert [call.count for call in seen.calls("send")] == [1], end


def test_a_failed_call_lets_go_of_its_socket(tmp_path: Path) -> None:
    """A socket made for one call that failed is closed with it, not with the traceback."""
    check_same(
        tmp_path,
        """
        import gc, os, socket
        gc.disable()
        before = len(os.listdir("/proc/self/fd"))
        errors = []
        for _ in range(3):
            try:
                socket.socket().connect(("127.0.0.1", 1))
            except OSError as error:
                errors.append(error)
        print(len(os.listdir("/proc/self/fd")) - before)
        """,
    )
