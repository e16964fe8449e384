// A flow written by hand: a handshake, one message split over two reads, two glued into one.
import type { Call, Detail, Link, Message, Page, Segment } from "../src/types";

export function call(side: number, op: string, t0: number, t1: number | null, count = 0, line: number | null = null): Call {
  return { side, op, line, process: side, lane: "MainThread", t0, t1, count, asked: 1024, failure: null, ours: t1 === null };
}

export function link(side: number, left: number, arrived: number | null, landed: number | null, more: Partial<Link> = {}): Link {
  return { kind: "data", side, left, arrived, landed, leave: null, land: null, message: null, start: 0, end: 0, proof: "call", packet: null, ...more };
}

export function detail(): Detail {
  const calls = [
    call(0, "connect", 1000, 2000, 0, 0),
    call(1, "accept", 0, 3000, 3, 3),
    call(0, "send", 5000, 6000, 4, 1),
    call(0, "send", 7000, 8000, 6, 1),
    call(1, "recv", 50_000, 51_000, 7, 4),
    call(1, "recv", 60_000, 61_000, 3, 4),
    call(0, "recv", 70_000, null, 0, 2),
    call(1, "recv", 80_000, null, 0, 4),
  ].sort((a, b) => a.t0 - b.t0);
  const at = (op: string, t0: number) => calls.findIndex((c) => c.op === op && c.t0 === t0);
  const messages: Message[] = [
    { side: 0, number: 1, start: 0, end: 4, call: at("send", 5000), label: "" },
    { side: 0, number: 2, start: 4, end: 10, call: at("send", 7000), label: "" },
  ];
  const links = [
    link(0, 1000, 1300, null, { kind: "syn", proof: "inferred", leave: at("connect", 1000) }),
    link(0, 5000, 6000, 51_000, { leave: at("send", 5000), land: at("recv", 50_000), message: 0, start: 0, end: 4 }),
    link(0, 7000, 8000, 51_000, { leave: at("send", 7000), land: at("recv", 50_000), message: 1, start: 4, end: 7 }),
    link(0, 7000, 8000, 61_000, { leave: at("send", 7000), land: at("recv", 60_000), message: 1, start: 7, end: 10 }),
  ];
  return { number: 0, first: 0, total: calls.length, calls, messages, links, states: [{ side: 0, name: "ESTABLISHED", t0: 2000, t1: 3e9, proof: "kernel", cause: "" }], samples: [], segments: null, left_out: 0, unjoined: ["", ""], payload: [] };
}

export function page(): Page {
  const line = (source: number, n: number) => ({ source, line: n, column: 1, end_line: n, end_column: 9, function: "f" });
  const end = (name: string, source: number) => ({ name, address: "127.0.0.1:1", observed: true, process: source, source });
  return {
    version: 1, title: "x", ended: 3e9, why: "timeout", live: false, reading: false, language: "en", payload: true, story: { en: "", zh: "" }, programs: [],
    processes: [{ name: "client.py", pid: 1, program: 0, started: 0, ended: null }, { name: "server.py", pid: 2, program: 1, started: 0, ended: null }],
    sources: [{ path: "client.py", name: "client.py", text: "a\n" }, { path: "server.py", name: "server.py", text: "b\n" }],
    lines: [line(0, 4), line(0, 5), line(0, 6), line(1, 4), line(1, 5)],
    flows: [{ number: 0, kind: "tcp", client: end("client.py", 0), server: end("server.py", 1), opened: 0, closed: null, there: 10, back: 0, messages: 2, findings: [], calls: 8, failed: null, segments: 0 }],
    findings: [], lanes: [], waits: [], unseen: [], chinese: {}, foreign: false, trouble: null, judged: true,
  };
}

/** A flow of `count` captured segments with their messages: a long transfer. */
export function long(count: number): Detail {
  const one = detail();
  const segments: Segment[] = [];
  const messages: Message[] = [];
  for (let n = 0; n < count; n++) {
    const data = n % 2 === 0;
    const start = (n >> 1) * 1448;
    segments.push({ packet: n + 1, side: data ? 0 : 1, t: n * 20_000, arrived: n * 20_000 + 9000, flags: data ? "PSH, ACK" : "ACK", start, end: data ? start + 1448 : start, ack: data ? 1 : start + 1448, window: 65535, note: n % 1000 === 998 ? "retransmitted" : "", marks: [], sends: [], reads: [], acked_by: null, cause: null, seen: null });
    if (data) messages.push({ side: 0, number: messages.length + 1, start, end: start + 1448, call: null, label: "" });
  }
  return { ...one, calls: [], links: [], total: 0, messages, segments };
}
