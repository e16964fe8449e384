"""connect_ex() said that there is no connection, and the program used it all the same.

Proof: connect_ex returned an error that is not "in progress" (or its result was thrown
away), no later connect of that socket succeeded, and a send or receive on it followed
and failed: the program's own, or that of a file it made of the socket (`makefile()`).
"""

from __future__ import annotations

import errno
import os
from collections.abc import Iterator

from plainwire.see.diagnosis.case import Case, where
from plainwire.see.diagnosis.model import CERTAIN, Evidence, Finding, say
from plainwire.see.ledger.model import Call
from plainwire.see.ledger.ranges import is_receive, is_send

RULE = "connect-result-ignored"
_UNDER_WAY = (errno.EINPROGRESS, errno.EALREADY, errno.EISCONN)
_RETRY = (errno.EAGAIN, errno.EINTR)


def find(case: Case) -> Iterator[Finding]:
    """One finding for each connect whose result was not looked at."""
    told: set[object] = set()
    for call in case.ledger.calls:
        if call.op != "connect_ex" or call.failure is None or call.endpoint is None:
            continue
        if call.failure.errno == errno.EISCONN or call.site.frame in told:
            continue
        used = _used(case, call)
        if used is not None:
            told.add(call.site.frame)
            yield _finding(case, call, used)


def _used(case: Case, call: Call) -> Call | None:
    assert call.endpoint is not None
    assert call.failure is not None
    for later in call.endpoint.calls:
        if later.t0 < (call.t1 or call.t0) or later is call or case.is_ours(later):
            continue
        if later.op in ("connect", "connect_ex") and later.failure is None:
            return None
        if not (is_send(later) or is_receive(later)) or not _of_program(later):
            continue
        if later.failure is None or later.failure.errno in _RETRY:
            return None
        if call.failure.errno in _UNDER_WAY and case.discarded(call) is not True:
            return None
        return later
    return None


def _of_program(call: Call) -> bool:
    """Did the program's line call it, directly or through makefile()'s file?"""
    by_file = all(file.endswith("/socket.py") for file, _, _ in call.site.via)
    return call.site.direct or (call.site.kind == "user" and by_file)


def _finding(case: Case, call: Call, used: Call) -> Finding:
    assert call.failure is not None
    number = call.failure.errno or 0
    name = errno.errorcode.get(number, str(number))
    failed = used.failure.errno if used.failure else None
    return Finding(
        RULE,
        CERTAIN,
        say(
            "{connect} returned {name}, and {used} went on as if it were connected",
            connect=where(call),
            name=name,
            used=where(used),
        ),
        case.places((call, "connects"), (used, "fails")),
        (
            Evidence(
                say(
                    "connect_ex() returned {number} ({name}: {text}); it does not raise",
                    number=number,
                    name=name,
                    text=os.strerror(number),
                ),
                call.t1,
            ),
            Evidence(
                say(
                    "{used} then failed: {text}",
                    used=where(used),
                    text=os.strerror(failed) if failed else used.failure and used.failure.name,
                ),
                used.t1,
            ),
        ),
        say(
            "use connect(), which raises; or test the result: `if sock.connect_ex(address) != 0`"
            " do not use the socket (a non-blocking one is ready when it becomes writable)"
        ),
        None,
        used.t1,
    )
