"""A ledger with its findings -> `schema.Page`: what the page opens with. Pure.

O1  Bounded by the flows and lines of a run, not by its bytes; lanes.py bounds the lanes and
    attempts.py the attempts to connect.
"""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from operator import attrgetter

from plainwire.i18n import N_
from plainwire.see.diagnosis.model import Finding, Text
from plainwire.see.ledger.model import Address, Call, Endpoint, Flow, Ledger, Process
from plainwire.web import attempts, lanes, patches, schema, speech
from plainwire.web.attempts import Attempt
from plainwire.web.detail import failure
from plainwire.web.index import Index, frame_of


@dataclass(frozen=True, slots=True)
class Told:
    """What a page is made of."""

    ledger: Ledger
    findings: list[Finding]
    index: Index
    attempts: list[Attempt]
    attempts_left_out: int
    payload: bool


def page(
    told: Told,
    *,
    title: str,
    language: str,
    live: bool,
    reading: bool,
    trouble: schema.Words | None,
    known: Text | None,
    chinese: dict[str, str],
) -> schema.Page:
    """The page of a run; details of flows are made one by one (detail.py).

    `known`: what happened in all of a recording whose beginning this is, when it is known.
    """
    ledger, index = told.ledger, told.index
    began = ledger.began
    found, waits = lanes.lanes(ledger, index)
    flow_of = [_flow_of(f, told.attempts) for f in told.findings]
    return schema.Page(
        version=schema.VERSION,
        title=title or " + ".join(program.name for program in ledger.programs) or "plainwire",
        ended=max(0, ledger.ended - began),
        why=ledger.why,
        live=live,
        reading=reading,
        language="zh" if language.startswith("zh") else "en",
        payload=told.payload,
        story=speech.both(
            known or story(ledger, len(told.attempts) + told.attempts_left_out), payload=True
        ),
        programs=[schema.Program(p.name, " ".join(p.words), p.status) for p in ledger.programs],
        processes=[
            schema.Process(
                p.name,
                p.pid,
                p.program.index if p.program else None,
                max(0, p.started - began),
                p.ended - began if p.ended else None,
            )
            for p in ledger.processes
        ],
        sources=index.source_list(),
        lines=index.line_list(),
        flows=flow_rows(told, flow_of),
        findings=[_finding(f, flow, told) for f, flow in zip(told.findings, flow_of, strict=True)],
        lanes=found,
        waits=waits,
        unseen=[*_unseen(told)],
        chinese=chinese,
        foreign=_foreign(ledger),
        trouble=trouble,
        judged=not reading or known is not None,
    )


def _foreign(ledger: Ledger) -> bool:
    return ledger.capture is not None and ledger.capture.foreign


def _unseen(told: Told) -> Iterator[str]:
    yield from told.ledger.faults
    for process in told.ledger.processes:
        for what, why in process.unseen:
            yield f"{process.name}: {what}: {why}"
    if told.attempts_left_out:
        yield f"{told.attempts_left_out:,} more attempts to connect failed"


def _flow_of(finding: Finding, made: list[Attempt]) -> int | None:
    return attempts.of_finding(finding, made) if finding.flow is None else finding.flow


def _finding(finding: Finding, flow: int | None, told: Told) -> schema.Finding:
    ledger, index = told.ledger, told.index
    began = ledger.began

    def say(text: Text) -> schema.Words:
        return speech.both(text, payload=told.payload)

    return schema.Finding(
        rule=finding.rule,
        certainty="certain" if finding.certainty == "certain" else "likely",
        message=say(finding.message),
        fix=say(finding.fix),
        patch=[
            schema.Edit(index.sources[e.file], e.line, list(e.removed), list(e.added))
            for e in patches.edits(finding, ledger.sources)
        ],
        places=[schema.Place(index.lines[p.frame], p.role, p.process.name) for p in finding.places],
        evidence=[
            schema.Evidence(say(e.text), e.t - began if e.t else None, e.offset)
            for e in finding.evidence
        ],
        flow=flow,
        t=finding.t - began if finding.t else None,
    )


# -- flows -----------------------------------------------------------------------------


def flow_rows(told: Told, flow_of: list[int | None]) -> list[schema.FlowRow]:
    """Every flow in one line, then the attempts that made none.

    Args:
        told: ledger and attempts.
        flow_of: for each finding the number of the flow it tells of.
    """
    by_flow: dict[int, list[int]] = defaultdict(list)
    for number, flow in enumerate(flow_of):
        if flow is not None:
            by_flow[flow].append(number)
    return [
        *(_row(flow, None, by_flow, told) for flow in told.ledger.flows),
        *(_row(a.flow, failure(a.call) or "", by_flow, told) for a in told.attempts),
    ]


def _row(
    flow: Flow, failed: str | None, by_flow: dict[int, list[int]], told: Told
) -> schema.FlowRow:
    began = told.ledger.began
    here, there = addresses(flow)
    return schema.FlowRow(
        number=flow.number,
        kind=flow.kind,
        client=_end(flow.client, here, told.index),
        server=_end(flow.server, there, told.index),
        opened=max(0, flow.opened - began),
        closed=flow.closed - began if flow.closed else None,
        there=_bytes(flow, client=True),
        back=_bytes(flow, client=False),
        messages=message_count(flow),
        findings=by_flow[flow.number],
        calls=sum(len(end.calls) for end in flow.ends),
        failed=failed,
        segments=len(flow.segments) or len(flow.carried),
    )


def _bytes(flow: Flow, *, client: bool) -> int:
    if flow.carried:
        return sum(c.size for c in flow.carried if c.end == (0 if client else 1))
    if flow.datagrams:
        sender = flow.client if client else flow.server
        calls = [d.sent or d.received for d in flow.datagrams if d.sender is sender]
        return sum(call.count for call in calls if call is not None)
    if flow.carried:
        return sum(c.size for c in flow.carried if c.end == (0 if client else 1))
    direction = flow.there if client else flow.back
    if flow.ends or flow.wire is None:
        return max(direction.written, direction.read)
    mine = (s.start + s.size for s in flow.segments if s.end == (0 if client else 1) and s.size)
    return max(mine, default=0)


def message_count(flow: Flow) -> int:
    """Messages of a flow: those a codec named, else what was sent, else what was read."""
    return (
        len(flow.datagrams)
        or len(flow.carried)
        or sum(
            len(d.messages) or len(d.asked_writes) or len(d.asked_reads)
            for d in (flow.there, flow.back)
        )
    )


def addresses(flow: Flow) -> tuple[Address, Address]:
    """The addresses of client and server, each told by the other end when not observed."""
    if flow.addresses is not None:
        return flow.addresses
    client, server = flow.client, flow.server
    here = (client.local if client else None) or (server.remote if server else None)
    there = (server.local if server else None) or (client.remote if client else None)
    if flow.datagrams:
        first = flow.datagrams[0]
        here, there = here or first.source, there or first.target
    return here, there


def address_text(value: Address) -> str:
    """An address as people write it; an abstract Unix name begins with @."""
    if isinstance(value, tuple) and len(value) >= 2:
        host = f"[{value[0]}]" if ":" in str(value[0]) else value[0]
        return f"{host}:{value[1]}"
    text = str(value) if value else "?"
    return "@" + text[1:] if text.startswith("\0") else text


def _end(end: Endpoint | None, address: Address, index: Index) -> schema.End:
    if end is None or end.process is None:
        return schema.End("", address_text(address), False, None, None)
    owner, files = _owner(end, end.process), _files(end.calls)
    source = index.sources.get(files.most_common(1)[0][0]) if files else None
    return schema.End(owner.name, address_text(address), True, index.process(owner), source)


def _owner(end: Endpoint, first: Process) -> Process:
    """The process that spoke most through an endpoint; the one that had it `first` if none."""
    if set(map(attrgetter("process"), end.calls)) <= {first}:
        return first
    spoke = Counter(c.process.key for c in end.calls if c.count > 0 or c.t1 is None)
    key = spoke.most_common(1)[0][0] if spoke else first.key
    return next((c.process for c in end.calls if c.process.key == key), first)


def _files(calls: list[Call]) -> Counter[str]:
    """How many calls come from each of the user's files."""
    ids = list(map(id, map(attrgetter("site"), calls)))
    sites = {number: call.site for number, call in zip(ids, calls, strict=True)}
    if any(site.frame is None for site in sites.values()):
        return Counter(frame.file for c in calls if (frame := frame_of(c)) is not None)
    found: Counter[str] = Counter()
    for number, count in Counter(ids).items():  # a million calls come from a few sites
        frame = sites[number].frame
        assert frame is not None
        found[frame.file] += count
    return found


# -- the sentence when nothing is wrong --------------------------------------------------


def story(ledger: Ledger, failed: int = 0) -> Text:
    """One sentence on what happened; `failed`: attempts to connect that made no flow."""
    if _foreign(ledger):
        return _of_capture(ledger)
    flows = ledger.flows
    attempted = _count(
        failed, N_("1 attempt to connect failed"), N_("{count} attempts to connect failed")
    )
    if not flows:
        if failed:
            return Text(N_("{attempts}."), {"attempts": attempted})
        return Text(N_("No program spoke over a socket."))
    values = {
        "conversations": _count(len(flows), N_("1 conversation"), N_("{count} conversations")),
        "messages": _count(
            sum(message_count(flow) for flow in flows), N_("1 message"), N_("{count} messages")
        ),
        "server": ", ".join(sorted({_server_name(flow) for flow in flows})[:3]),
        "kinds": ", ".join(sorted({flow.kind.upper() for flow in flows})),
    }
    streams = [flow for flow in flows if not flow.datagrams]
    still_open = sum(1 for flow in streams if flow.closed is None)
    if still_open:
        ended = _count(still_open, N_("1 connection is still open"), N_("{count} are still open"))
    elif streams:
        ended = Text(N_("every connection was closed"))
    else:
        ended = Text(N_("datagrams need no connection, so nothing was closed"))
    template = N_("{conversations} with {server} over {kinds}, {messages}; {ended}.")
    if failed:
        template = N_(
            "{conversations} with {server} over {kinds}, {messages}; {ended}; {attempts}."
        )
    return Text(template, {**values, "ended": ended, "attempts": attempted})


def _of_capture(ledger: Ledger) -> Text:
    if not ledger.packets:
        return Text(N_("The capture has no packets."))
    kinds = Counter(flow.kind for flow in ledger.flows)
    values: dict[str, object] = {
        "packets": _count(len(ledger.packets), N_("1 packet"), N_("{count} packets")),
        "connections": _count(kinds["tcp"], N_("1 TCP connection"), N_("{count} TCP connections")),
        "datagrams": _count(kinds["udp"], N_("1 UDP flow"), N_("{count} UDP flows")),
        "errors": _count(len(ledger.icmp), N_("1 ICMP error"), N_("{count} ICMP errors")),
    }
    template = N_("A capture file: {connections} in {packets}.")
    if kinds["udp"] or ledger.icmp:
        template = N_("A capture file: {connections}, {datagrams} and {errors} in {packets}.")
    return Text(template, values)


def _count(count: int, one: str, many: str) -> Text:
    return Text(one if count == 1 else many, {"count": f"{count:,}"})


def _server_name(flow: Flow) -> str:
    end = flow.server or flow.client
    if end is None or end.process is None:
        return "?"
    owner = end.listener.process if flow.server and end.listener else end.process
    return (owner or end.process).name
