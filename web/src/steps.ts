// A flow as steps that a reader can walk both ways, and what holds at each. Pure.
//
// P1  steps are in order of time; a call that waited is two steps, entering and returning;
//     where no call was observed, every captured packet is a step
// P2  at a moment every written byte is in flight, in the peer's queue, or read: never two
import { isReceive, isWait, type Piece } from "./calls";
import type { Call, Detail, Finding, Link } from "./types";

export interface Step {
  t: number;
  call: number; // -1: none
  phase: "enter" | "return" | "whole";
  finding: number; // -1: none
  segment: number; // -1: none
  link?: number; // of a datagram or an ICMP error, where no call was observed
}

const WORTH_TWO = 1_000_000; // a wait shorter than 1 ms in which nothing else happened is one step

export function stepsOf(detail: Detail, findings: Finding[]): Step[] {
  const steps: Step[] = [];
  const moments = Float64Array.from(detail.calls.flatMap((c) => (c.t1 === null ? [c.t0] : [c.t0, c.t1]))).sort();
  const happened = (from: number, to: number) => countBetween(moments, from, to) > 0;
  detail.calls.forEach((call, number) => {
    const step = (t: number, phase: Step["phase"]) => steps.push({ t, call: number, phase, finding: -1, segment: -1 });
    if (call.t1 === null) step(call.t0, "enter");
    else if (isWait(call.op) && (call.t1 - call.t0 > WORTH_TWO || happened(call.t0, call.t1))) {
      step(call.t0, "enter");
      step(call.t1, "return");
    } else step(isWait(call.op) ? call.t1 : call.t0, "whole");
  });
  if (!detail.total) detail.segments?.forEach((segment, number) => steps.push({ t: segment.t, call: -1, phase: "whole", finding: -1, segment: number }));
  if (!detail.total && !detail.segments) detail.links.forEach((link, number) => steps.push({ t: link.left, call: -1, phase: "whole", finding: -1, segment: -1, link: number }));
  const { first, total, calls } = detail;
  const from = first > 0 ? (calls[0]?.t0 ?? 0) : -Infinity;
  const to = first + calls.length < total ? (calls.at(-1)?.t0 ?? 0) : Infinity;
  findings.forEach((finding, number) => {
    if (finding.flow === detail.number && finding.t !== null && finding.t >= from && finding.t <= to) steps.push({ t: finding.t, call: -1, phase: "whole", finding: number, segment: -1 });
  });
  return steps.sort((a, b) => a.t - b.t);
}

function countBetween(sorted: Float64Array, from: number, to: number): number {
  const above = (limit: number) => {
    let low = 0;
    let high = sorted.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (sorted[middle]! < limit) low = middle + 1;
      else high = middle;
    }
    return low;
  };
  return above(to) - above(from + 1e-9);
}

/** The step at or before a moment. */
export function stepAt(steps: Step[], time: number): number {
  let found = 0;
  steps.forEach((step, number) => {
    if (step.t <= time) found = number;
  });
  return found;
}

export interface Moment {
  open: [Call | null, Call | null];
  states: [string, string];
  sent: [number, number];
  unread: [Piece[], Piece[]]; // in the receive queue of each side
  flight: [Piece[], Piece[]]; // on its way to each side
}

/** What both ends are at, just after everything that happened up to `time`. */
export function momentAt(detail: Detail, time: number): Moment {
  const moment: Moment = { open: [null, null], states: ["", ""], sent: [0, 0], unread: [[], []], flight: [[], []] };
  for (const call of detail.calls) {
    if (call.t0 > time) break;
    if (call.t1 === null || call.t1 > time) moment.open[call.side === 0 ? 0 : 1] = call;
  }
  for (const state of detail.states) {
    if (state.t0 <= time && time <= state.t1) moment.states[state.side === 0 ? 0 : 1] = state.name;
  }
  for (const link of detail.links) {
    if (link.message === null || link.left > time) continue;
    place(moment, detail, link, time);
  }
  return moment;
}

function place(moment: Moment, detail: Detail, link: Link, time: number): void {
  const message = detail.messages[link.message!];
  if (!message) return;
  const from = link.side === 0 ? 0 : 1;
  const to = from === 0 ? 1 : 0;
  moment.sent[from] += link.end - link.start;
  const piece: Piece = { message, start: link.start, end: link.end, link };
  if (link.landed !== null && link.landed <= time) return;
  if (link.arrived !== null && link.arrived <= time) moment.unread[to].push(piece);
  else moment.flight[to].push(piece);
}

/** Who waits during a stretch of time: both sides' open waiting calls. */
export function waitingIn(detail: Detail, t0: number, t1: number): (Call | null)[] {
  const found: (Call | null)[] = [null, null];
  for (const call of detail.calls) {
    if (call.t0 <= t0 && (call.t1 === null || call.t1 >= t1) && isWait(call.op)) found[call.side] = call;
  }
  return found;
}

export interface Facts {
  connect: number | null;
  accept: number | null;
  waits: number[];
  glued: number[];
  cut: number[];
  fins: Link[];
}

/** What a learner asks first: which line was the handshake, which waits, what was glued. */
export function factsOf(detail: Detail, pieces: Map<number, Piece[]>): Facts {
  const find = (test: (call: Call) => boolean) => {
    const number = detail.calls.findIndex(test);
    return number < 0 ? null : number;
  };
  const facts: Facts = {
    connect: find((c) => c.op.startsWith("connect")),
    accept: find((c) => c.op === "accept" && c.t1 !== null),
    waits: [], glued: [], cut: [],
    fins: detail.links.filter((link) => link.kind === "fin" || link.kind === "rst"),
  };
  detail.calls.forEach((call, number) => {
    if (call.t1 === null && isWait(call.op) && call.op !== "accept") facts.waits.push(number);
    if (!isReceive(call.op)) return;
    const got = pieces.get(number) ?? [];
    if (new Set(got.map((piece) => piece.message)).size > 1) facts.glued.push(number);
    if (got.some((piece) => piece.start > piece.message.start || piece.end < piece.message.end)) facts.cut.push(number);
  });
  return facts;
}
