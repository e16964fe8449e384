"""Which loops around select() do nothing while they find nothing."""

from __future__ import annotations

import ast
from textwrap import dedent

import pytest

from plainwire.see.diagnosis.selecting import goes_round_in_vain, waits
from plainwire.see.ledger.model import Frame

IN_VAIN = {
    "a selector": """
        while True:
            for key, _ in sel.select(timeout=1):
                key.data(key.fileobj)
        """,
    "a list that is tested": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            if r:
                print(s.recv(100))
                break
            print(".", end="", flush=True)
        """,
    "on with the next round": """
        while True:
            ready = select.select([s], [], [], 0.5)[0]
            if not ready:
                log.info("nothing yet")
                continue
            answer(s.recv(100))
        """,
    "until it has a line": """
        while b"\\n" not in self.buf:
            for key, _ in self.sel.select(timeout=0.5):
                self.buf += key.fileobj.recv(4096)
            ticks += 1
            if ticks % 4 == 0:
                print("still waiting", time.monotonic() - began)
        """,
    "in a try": """
        try:
            while True:
                try:
                    r, w, x = select.select([s], [], [], 1)
                    for one in r:
                        serve(one)
                except KeyboardInterrupt:
                    break
        finally:
            s.close()
        """,
    "a test of who it is": """
        while running:
            r, _, _ = select.select([a, b], [], [], 1)
            if a in r:
                serve(a)
            if b in r:
                serve(b)
        """,
}

BUSY = {
    "a heartbeat": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            if not r:
                s.sendall(b"ping")
        """,
    "a heartbeat now and then": """
        while True:
            for key, _ in sel.select(1):
                key.data(key.fileobj)
            if time.monotonic() - last > 30:
                s.send(b"ping")
        """,
    "a heartbeat through a file": """
        while True:
            for key, _ in sel.select(1):
                key.data(key.fileobj)
            n += 1
            if n % 30 == 0:
                print("ping", file=f, flush=True)
        """,
    "a function of its own": """
        while True:
            for key, _ in sel.select(1):
                key.data(key.fileobj)
            close_the_idle()
        """,
    "it gives up": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            if not r:
                break
            print(s.recv(9))
        """,
    "it gives up late": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            if r:
                return s.recv(9)
            tries += 1
            if tries > 100:
                raise TimeoutError
        """,
    "a number of rounds": """
        for _ in range(100):
            r, _, _ = select.select([s], [], [], 0.5)
        """,
    "a condition that the rounds change": """
        while tries < 100:
            r, _, _ = select.select([s], [], [], 0.5)
            tries += 1
        """,
    "a condition of time": """
        while time.time() < until:
            r, _, _ = select.select([s], [], [], 0.5)
        """,
    "a time-out that is asked for": """
        while True:
            for key, _ in sel.select(timers.next()):
                key.data(key.fileobj)
        """,
    "a function that looks once": """
        def look():
            for key, _ in sel.select(1):
                key.data(key.fileobj)
        while True:
            look()
        """,
    "what is not the result": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            if pending:
                s.sendall(pending.pop())
        """,
    "somebody else who is polled": """
        while True:
            for key, _ in sel.select(1):
                key.data(key.fileobj)
            session.poll()
        """,
    "what was ready and what is left": """
        while True:
            r, _, _ = select.select([s], [], [], 0.5)
            r += left
            for one in r:
                s.sendall(one)
        """,
}


def judged(source: str) -> bool:
    """The verdict for the first select() of a source."""
    text = dedent(source)
    call = next(node for node in ast.walk(ast.parse(text)) if waits(node))
    assert isinstance(call, ast.Call)
    end = call.end_lineno or 0, (call.end_col_offset or 0) + 1
    frame = Frame("x.py", call.lineno, call.col_offset + 1, *end, "<module>")
    return goes_round_in_vain(text, frame)


@pytest.mark.parametrize("name", IN_VAIN)
def test_a_loop_that_only_looks_again(name: str) -> None:
    """It waits like a single select() without a time-out."""
    assert judged(IN_VAIN[name])


@pytest.mark.parametrize("name", BUSY)
def test_a_loop_that_may_do_something_of_itself(name: str) -> None:
    """A heartbeat, a time-out of its own, a clean-up: any of these may end the wait."""
    assert not judged(BUSY[name])


def test_without_a_source_nothing_is_known() -> None:
    """A program that was given with -c, or is gone, or is no Python."""
    frame = Frame("x.py", 1, 1, 1, 9, "<module>")
    assert not goes_round_in_vain(None, frame)
    assert not goes_round_in_vain("select.select [s]", frame)
