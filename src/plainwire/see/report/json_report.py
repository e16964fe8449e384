"""The report for machines: one JSON object by the schema beside this file.

K1  `version` counts changes that a reader must know; fields are only ever added within
    one version. docs/json-report.md says what each field means.
K2  Texts are English whatever the reader's language, so that a program may match them.
K3  Payload is in it only when asked for: what is written to be shared must not carry
    what the programs said. Evidence quotes payload; without it such a quote is cut.
K4  Times are nanoseconds since the run began, sizes bytes, columns characters from 1.
"""

from __future__ import annotations

import re
from typing import Any

from plainwire.see.diagnosis.model import Evidence, Finding, Place, Text
from plainwire.see.ledger.model import Address, Call, Direction, Endpoint, Flow, Frame, Ledger
from plainwire.see.report import names, packets_json, rows, sources, verdict

VERSION = 1

# From the first quote of a value to its last one: bytes may themselves hold quotes.
_QUOTED = re.compile(r"""b?(['"]).*\1(\.\.\.)?""", re.DOTALL)


def to_json(
    ledger: Ledger, findings: list[Finding], *, with_payload: bool = False
) -> dict[str, Any]:
    """The report as an object that `json.dumps` takes.

    Args:
        ledger: what happened.
        findings: what is wrong.
        with_payload: put the recorded bytes of each call into it, as hex.
    """
    report = _Report(ledger, with_payload)
    return {
        "format": "plainwire-report",
        "version": VERSION,
        "duration_ns": ledger.ended - ledger.began,
        "end": ledger.why or None,
        "with_payload": with_payload,
        "evidence_level": _level(ledger),
        "programs": [report.program(program) for program in ledger.programs],
        "processes": [report.process(process) for process in ledger.processes],
        "flows": [report.flow(flow) for flow in ledger.flows],
        "calls": [report.call(number, call) for number, call in enumerate(ledger.calls)],
        "findings": [report.finding(finding) for finding in verdict.ranked(findings)],
        "faults": list(ledger.faults),
    }


def _level(ledger: Ledger) -> list[str]:
    if ledger.capture is not None and ledger.capture.foreign:
        return ["packets"]
    kernel = bool(ledger.samples) or any(e.info for e in ledger.endpoints)
    levels = ["calls", "kernel"] if kernel else ["calls"]
    return [*levels, "packets"] if ledger.packets else levels


class _Report:
    def __init__(self, ledger: Ledger, with_payload: bool) -> None:
        self.ledger, self.with_payload = ledger, with_payload
        self.numbers = {id(call): number for number, call in enumerate(ledger.calls)}

    def time(self, t: int | None) -> int | None:
        return None if t is None else t - self.ledger.began

    # -- who -----------------------------------------------------------------------

    def program(self, program: Any) -> dict[str, Any]:
        return {
            "index": program.index,
            "name": program.name,
            "command": list(program.words),
            "pid": program.pid,
            "started_ns": self.time(program.started),
            "ended_ns": self.time(program.ended),
            "exit": program.status,
        }

    def process(self, process: Any) -> dict[str, Any]:
        return {
            "pid": process.pid,
            "parent_pid": process.ppid,
            "program": process.program.index if process.program else None,
            "name": process.name,
            "command": list(process.argv),
            "python": process.python,
            "started_ns": self.time(process.started),
            "ended_ns": self.time(process.ended),
            "not_followed": [{"what": what, "why": why} for what, why in process.unseen],
        }

    def frame(self, frame: Frame) -> dict[str, Any]:
        columns = sources.columns_of(self.ledger.sources, frame)
        spans = sources.spans_of(self.ledger.sources, frame)
        return {
            "file": frame.file,
            "line": frame.line,
            "column": columns[0] if columns else None,
            "end_line": spans[-1].line if spans else max(frame.end_line, frame.line),
            "end_column": columns[1] if columns else None,
            "function": frame.function,
        }

    # -- flows ---------------------------------------------------------------------

    def flow(self, flow: Flow) -> dict[str, Any]:
        client, server = names.ends_of(flow)
        closer = verdict.first_closer(flow) if not flow.datagrams else None
        return {
            "number": flow.number,
            "protocol": flow.kind,
            "tls": any(end.tls for end in flow.ends),
            "client": self.end(flow.client, client),
            "server": self.end(flow.server, server),
            "opened_ns": self.time(flow.opened),
            "closed_ns": self.time(flow.closed),
            "opened_by": self.actor(flow.client.opened_by if flow.client else None),
            "accepted_by": self.actor(flow.server.opened_by if flow.server else None),
            "closed_by": self.actor(closer[1]) if closer else None,
            "closed_first": verdict.closer_side(flow) if closer else None,
            "there": self.direction(flow, flow.there),
            "back": self.direction(flow, flow.back),
            **packets_json.to_json(
                flow, self.ledger.began, lambda call: self.numbers.get(id(call))
            ),
        }

    def end(self, endpoint: Endpoint | None, address: Address) -> dict[str, Any]:
        process = names.user_of(endpoint) if endpoint and endpoint.process else None
        return {
            "observed": endpoint is not None,
            "address": names.address(address) if address else None,
            "program": process.program.index if process and process.program else None,
            "pid": process.pid if process else None,
            "name": process.name if process else None,
        }

    def actor(self, call: Call | None) -> dict[str, Any] | None:
        if call is None:
            return None
        frame = names.frame_of(call)
        return {
            "call": self.numbers.get(id(call)),
            "pid": call.process.pid,
            "place": self.frame(frame) if frame is not None else None,
        }

    def direction(self, flow: Flow, direction: Direction) -> dict[str, Any]:
        if flow.datagrams:
            return self.datagrams(flow, direction)
        if flow.carried:
            end = 0 if direction is flow.there else 1
            return {
                "bytes_sent": None,
                "bytes_received": None,
                "bytes_not_kept": 0,
                "messages": sum(1 for c in flow.carried if c.end == end),
                "messages_are": "datagrams",
            }
        return {
            "bytes_sent": direction.written - direction.write_base if direction.sender else None,
            "bytes_received": direction.read - direction.read_base if direction.receiver else None,
            "bytes_not_kept": direction.base,
            "messages": len(direction.messages)
            or len(direction.asked_writes)
            or len(direction.asked_reads),
            "messages_are": "frames" if direction.messages else "calls",
            "sends": [self.range(span) for span in direction.asked_writes],
            "receives": [self.range(span) for span in direction.asked_reads],
            "frames": [self.message(*named) for named in direction.messages],
        }

    def range(self, span: Any) -> dict[str, Any]:
        return {"start": span.start, "end": span.end, "call": self.numbers.get(id(span.call))}

    def message(self, start: int, end: int, codec: str, label: str) -> dict[str, Any]:
        said = {"label": label} if self.with_payload else {}
        return {"start": start, "end": end, "codec": codec, **said}

    def datagrams(self, flow: Flow, direction: Direction) -> dict[str, Any]:
        mine = [d for d in flow.datagrams if rows.from_client(flow, d) == (direction is flow.there)]
        sent = [d.sent for d in mine if d.sent is not None]
        received = [d.received for d in mine if d.received is not None]
        return {
            "bytes_sent": sum(c.count for c in sent) if direction.sender else None,
            "bytes_received": sum(c.count for c in received),
            "bytes_not_kept": 0,
            "messages": len(mine),
            "messages_are": "datagrams",
            "datagrams": [
                {
                    "sent": self.numbers.get(id(d.sent)),
                    "received": self.numbers.get(id(d.received)),
                }
                for d in mine
            ],
        }

    # -- calls -----------------------------------------------------------------------

    def call(self, number: int, call: Call) -> dict[str, Any]:
        flow = self.ledger.flow_of(call.endpoint) if call.endpoint is not None else None
        frame = call.site.frame
        thread = call.process.threads.get(call.thread)
        made: dict[str, Any] = {
            "number": number,
            "op": call.op,
            "pid": call.process.pid,
            "thread": thread[1] if thread else None,
            "task": call.process.tasks.get(call.task, {}).get("name") if call.task else None,
            "socket": call.endpoint.number if call.endpoint else None,
            "flow": flow.number if flow else None,
            "place": self.frame(frame) if frame is not None else None,
            "by": call.site.kind,
            "entered_ns": self.time(call.t0),
            "returned_ns": self.time(call.t1),
            "asked": call.asked,
            "result": call.count if call.t1 is not None and call.failure is None else None,
            "error": None,
        }
        if call.failure is not None:
            made["error"] = {
                "type": names.failure_type(call.failure),
                "errno": names.errno_name(call.failure),
                "text": self.kept(call.failure.text),
            }
        if self.with_payload and call.payload is not None:
            made["payload_hex"] = call.payload.hex()
            made["payload_bytes"] = call.whole
        return made

    # -- findings ----------------------------------------------------------------------

    def finding(self, finding: Finding) -> dict[str, Any]:
        return {
            "rule": finding.rule,
            "certainty": finding.certainty,
            "message": self.text(finding.message),
            "places": [self.place(place) for place in finding.places],
            "evidence": [self.evidence(evidence) for evidence in finding.evidence],
            "fix": self.text(finding.fix),
            "flow": finding.flow,
            "at_ns": self.time(finding.t),
        }

    def place(self, place: Place) -> dict[str, Any]:
        thread = place.process.threads.get(place.thread)
        task = place.process.tasks.get(place.task) if place.task else None
        program = place.process.program
        return {
            **self.frame(place.frame),
            "role": place.role,
            "program": program.name if program is not None else None,
            "pid": place.process.pid,
            "thread": thread[1] if thread else None,
            "task": task["name"] if task else None,
        }

    def evidence(self, evidence: Evidence) -> dict[str, Any]:
        return {
            "text": self.text(evidence.text),
            "at_ns": self.time(evidence.t),
            "offset": evidence.offset,
        }

    def text(self, said: Text) -> str:
        """The sentence in English; its values that quote payload are left out (K3)."""
        return said.english if self.with_payload else _english(said)

    def kept(self, said: str) -> str:
        """An exception's text; it may quote what was received."""
        return said if self.with_payload else _QUOTED.sub("'...'", said)


def _english(said: Text) -> str:
    values = {
        name: _english(value)
        if isinstance(value, Text)
        else _QUOTED.sub("'...'", value)
        if isinstance(value, str)
        else value
        for name, value in said.values.items()
    }
    return said.template.format(**values)
