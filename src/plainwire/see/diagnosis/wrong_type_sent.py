"""Text, or something else that is not bytes, was given to a send.

Proof: a send raised TypeError because its argument was not bytes-like. Silent when the
program caught that, unless it then waits for an answer to what it never sent.
"""

from __future__ import annotations

from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, Place, say
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "wrong-type-sent"
_SENDERS = ("write", "send", "sendall", "sendto", "sendmsg", "writelines", "sock_sendall")


def find(case: Case) -> Iterator[Finding]:
    """One finding for each line."""
    told: set[object] = set()
    for call in case.ledger.calls:
        failure = call.failure
        if failure is None or failure.name != "TypeError" or not is_send(call):
            continue
        if "bytes-like" not in failure.text or case.is_ours(call) or _mended(case, call):
            continue
        for place in case.places((call, "sends")):
            if place.frame not in told:
                told.add(place.frame)
                flow = case.ledger.flow_of(call.endpoint) if call.endpoint else None
                yield _finding(place, failure.text, flow.number if flow else None, call.t1)
    # Asyncio's write refuses before it reaches the socket.
    for surfaced in case.ledger.surfaced:
        if surfaced.name != "TypeError" or "bytes-like" not in surfaced.text:
            continue
        library = [f for f in surfaced.frames if "/asyncio/" in f.file]
        users = [f for f in surfaced.frames if f.file in case.ledger.sources]
        if not users or not library or library[-1].function.rpartition(".")[2] not in _SENDERS:
            continue
        if users[-1] not in told:
            told.add(users[-1])
            place = Place(users[-1], surfaced.process, "sends", surfaced.thread)
            yield _finding(place, surfaced.text, None, surfaced.t)


def _mended(case: Case, call: Call) -> bool:
    """Was the error caught, and did the program then not wait for an answer in vain?"""
    if case.surfaced(call) is not None:
        return False
    for later in case.of_thread(call):
        if later.t0 > call.t0 and later.endpoint is call.endpoint:
            in_vain = is_receive(later) and (later.t1 is None or case.is_ours(later))
            return not in_vain
    return True


def _finding(place: Place, text: str, flow: int | None, t: int | None) -> Finding:
    kind = text.rpartition("not ")[2].strip("'") or "str"
    return Finding(
        RULE,
        CERTAIN,
        say("{where} gave {kind} to a send: sockets carry bytes", where=place.short, kind=kind),
        (place,),
        (Evidence(say("TypeError: {text}", text=text), t),),
        say("encode the text before it is sent: text.encode('utf-8'), and decode what is received"),
        flow,
        t,
    )
