"""A ledger with its findings -> `schema.Page`: what the page opens with. Pure.

O1  Bounded by the flows and lines of a run, not by its bytes; lanes.py bounds the lanes.
"""

from __future__ import annotations

from collections import Counter, defaultdict

from plainwire.see.diagnosis.model import Finding, Text
from plainwire.see.ledger.model import Address, Endpoint, Flow, Ledger
from plainwire.web import lanes, patches, schema, speech
from plainwire.web.index import Index, frame_of


def N_(message: str) -> str:  # noqa: N802 - gettext's own name for "translated later"
    """Mark a message that is translated later."""
    return message


def page(
    ledger: Ledger,
    findings: list[Finding],
    index: Index,
    *,
    language: str,
    live: bool,
    reading: bool,
    payload: bool,
    chinese: dict[str, str],
) -> schema.Page:
    """The page of a run; details of flows are made one by one (detail.py)."""
    began = ledger.began
    found, waits = lanes.lanes(ledger, index)
    return schema.Page(
        version=schema.VERSION,
        title=" + ".join(program.name for program in ledger.programs) or "plainwire",
        ended=max(0, ledger.ended - began),
        why=ledger.why,
        live=live,
        reading=reading,
        language="zh" if language.startswith("zh") else "en",
        payload=payload,
        story=story(ledger),
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
        flows=flow_rows(ledger, findings, index),
        findings=[_finding(f, index, ledger, payload) for f in findings],
        lanes=found,
        waits=waits,
        unseen=[
            *ledger.faults,
            *(f"{p.name}: {a}: {b}" for p in ledger.processes for a, b in p.unseen),
        ],
        chinese=chinese,
    )


def _finding(finding: Finding, index: Index, ledger: Ledger, payload: bool) -> schema.Finding:
    began = ledger.began

    def say(text: Text) -> schema.Words:
        return speech.both(text, payload=payload)

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
        flow=finding.flow,
        t=finding.t - began if finding.t else None,
    )


# -- flows -----------------------------------------------------------------------------


def flow_rows(ledger: Ledger, findings: list[Finding], index: Index) -> list[schema.FlowRow]:
    """Every flow in one line."""
    by_flow: dict[int, list[int]] = defaultdict(list)
    for number, finding in enumerate(findings):
        if finding.flow is not None:
            by_flow[finding.flow].append(number)
    rows = []
    for flow in ledger.flows:
        here, there = addresses(flow)
        rows.append(
            schema.FlowRow(
                number=flow.number,
                kind=flow.kind,
                client=_end(flow.client, here, index),
                server=_end(flow.server, there, index),
                opened=max(0, flow.opened - ledger.began),
                closed=flow.closed - ledger.began if flow.closed else None,
                there=_bytes(flow, client=True),
                back=_bytes(flow, client=False),
                messages=message_count(flow),
                findings=by_flow[flow.number],
                calls=sum(len(end.calls) for end in flow.ends),
            )
        )
    return rows


def _bytes(flow: Flow, *, client: bool) -> int:
    if flow.datagrams:
        sender = flow.client if client else flow.server
        calls = [d.sent or d.received for d in flow.datagrams if d.sender is sender]
        return sum(call.count for call in calls if call is not None)
    direction = flow.there if client else flow.back
    return max(direction.written, direction.read)


def message_count(flow: Flow) -> int:
    """Messages of a flow: those a codec named, else what was sent, else what was read."""
    return len(flow.datagrams) or sum(
        len(d.messages) or len(d.asked_writes) or len(d.asked_reads)
        for d in (flow.there, flow.back)
    )


def addresses(flow: Flow) -> tuple[Address, Address]:
    """The addresses of client and server, each told by the other end when not observed."""
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
    spoke = Counter(c.process.key for c in end.calls if c.count > 0 or c.t1 is None)
    key = spoke.most_common(1)[0][0] if spoke else end.process.key
    owner = next((c.process for c in end.calls if c.process.key == key), end.process)
    files = Counter(frame.file for c in end.calls if (frame := frame_of(c)) is not None)
    source = index.sources.get(files.most_common(1)[0][0]) if files else None
    return schema.End(owner.name, address_text(address), True, index.process(owner), source)


# -- the sentence when nothing is wrong --------------------------------------------------


def story(ledger: Ledger) -> schema.Words:
    """One sentence on what happened."""
    flows = ledger.flows
    if not flows:
        return speech.sentence(N_("No program spoke over a socket."))
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
    return speech.both(Text(template, {**values, "ended": ended}), payload=True)


def _count(count: int, one: str, many: str) -> Text:
    return Text(one if count == 1 else many, {"count": f"{count:,}"})


def _server_name(flow: Flow) -> str:
    end = flow.server or flow.client
    if end is None or end.process is None:
        return "?"
    owner = end.listener.process if flow.server and end.listener else end.process
    return (owner or end.process).name
