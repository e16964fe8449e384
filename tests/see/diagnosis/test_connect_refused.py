"""connect-refused: which of several refusals an uncaught exception is about."""

from __future__ import annotations

import errno

from plainwire.see.diagnosis import diagnose
from see.items import World


def refused(*attempts: tuple[int, int], uncaught: int) -> list[str]:
    """Attempts as (line, port), of which one's exception nobody caught -> what is said."""
    world = World()
    client = world.process(10)
    for number, (line, port) in enumerate(attempts):
        sock = client.socket(remote=["127.0.0.1", port])
        slot = len(client.slots)
        client.call(
            "connect", sock, line=line, ret=-errno.ECONNREFUSED, asked=0,
            aux=client.address(["127.0.0.1", port]),
        )  # fmt: skip
        if number == uncaught:
            frames = [["/src/p10.py", line, 1, line, 2, "<module>"]]
            client.note(
                "exception", 1, slot, "ConnectionRefusedError", "", "uncaught", frames,
                world.tick(),
            )  # fmt: skip
    return [str(f.message) for f in diagnose(world.ledger(), ("connect-refused",))]


def test_a_refusal_that_was_caught_is_not_told_because_of_a_later_one() -> None:
    """A scanner that ends when the port that it needs is closed, too."""
    (said,) = refused((4, 9350), (4, 9351), (7, 9352), uncaught=2)
    assert "9352" in said


def test_the_last_address_of_one_call_stands_for_the_others() -> None:
    """create_connection() tries them all, and raises what the last one gave."""
    (said,) = refused((4, 9350), (4, 9350), uncaught=1)
    assert "9350" in said
