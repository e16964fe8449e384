"""From a call to the line of the program: what is remembered of frames, and for whom."""

from __future__ import annotations

from pathlib import Path

from tests.see.transparency.observed import check_ok


def test_one_library_line_has_a_site_for_each_line_that_uses_it(tmp_path: Path) -> None:
    """What is remembered of a library's frames must not give one user's line to another."""
    seen = check_ok(
        tmp_path,
        """
        import socket
        a, b = socket.socketpair()
        f, g = a.makefile("rwb"), b.makefile("rwb")
        for _ in range(3):
            f.write(b"one\\n"); f.flush()
            g.write(b"two\\n"); g.flush()
            assert g.readline() == b"one\\n"
            assert f.readline() == b"two\\n"
        print("ok")
        """,
    )
    lines = [call.site.frame.line for call in seen.calls("send") if call.site.frame is not None]
    assert lines == [5, 6] * 3
    reads = [c.site.frame.line for c in seen.calls("recv_into") if c.site.frame is not None]
    assert reads == [7, 8] * 3


def test_a_callback_of_the_library_that_the_loop_runs_itself_has_a_site(tmp_path: Path) -> None:
    """`call_soon(transport.close)`: no frame lies between the call and the loop's own."""
    check_ok(
        tmp_path,
        """
        import asyncio, socket
        async def main():
            loop, faults = asyncio.get_running_loop(), []
            loop.set_exception_handler(lambda loop, context: faults.append(context))
            a, b = socket.socketpair()
            a.setblocking(False)
            reader, writer = await asyncio.open_connection(sock=a)
            loop.call_soon(writer.transport.close)
            await writer.wait_closed()
            b.close()
            assert not faults, faults
        asyncio.run(main())
        print("ok")
        """,
    )


def test_the_end_of_the_stack_is_a_place_of_its_own(tmp_path: Path) -> None:
    """A chain of library frames that another one continues must not have its number."""
    seen = check_ok(
        tmp_path,
        """
        import socket, threading
        a, b = socket.socketpair()
        def say(): a.send(b"x")
        # The library calls send() with nothing of the program's below it, and with this line.
        thread = threading.Thread(target=a.send, args=(b"1",))
        thread.start(); thread.join()
        threading.Thread(target=a.send, args=(b"2",)).run()
        thread = threading.Thread(target=say)
        thread.start(); thread.join()
        assert b.recv(10) == b"12x"
        print("ok")
        """,
    )
    found = [call.site.frame.line if call.site.frame else 0 for call in seen.calls("send")]
    assert found == [0, 7, 3]
