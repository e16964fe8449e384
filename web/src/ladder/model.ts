// A flow's details -> what the ladder draws, in pixels of height; x comes at drawing. Pure.
//
// M1  an arrow begins at the height of the moment it left and ends at that of its arrival
// M2  captured segments replace the inferred arrows of the same flow; queues stay
// M3  every list is sorted by its upper end, for the window search of window.ts
// M4  of a segment and of a time only the height is made at once (Spans); the rest when it
//     comes near the part that is seen
import { hueOf, isReceive, isWait, piecesByCall, shortOp, pieceName, endOf, messageName, type Piece } from "../calls";
import { brief } from "../format";
import { repeatsOf, type Repeat } from "../repeats";
import { arranged, inOrder, numbersBelow } from "../order";
import { buildScale, Stops, Travel, within, type Fold, type Scale } from "../scale";

import type { Call, Detail, Link, Message, Segment } from "../types";
import { Spans } from "./window";

export type { Fold };


export interface Chip {
  text: string;
  hue: number;
  share: number;
  cutStart: boolean;
  cutEnd: boolean;
}

export interface Mark {
  y0: number;
  y1: number;
  call: number;
  side: 0 | 1;
  text: string;
  chips: Chip[];
  open: boolean;
  failed: boolean;
}

export interface Bar {
  y0: number;
  y1: number;
  call: number;
  side: 0 | 1;
  kind: "busy" | "wait" | "open";
}

export type Proof = Link["proof"];

export interface Arrow {
  y0: number;
  y1: number;
  yTo: number;
  link: number;
  segment: number;
  side: 0 | 1;
  kind: Link["kind"] | "segment";
  labels: () => string[]; // from the longest to the shortest; the first that fits is drawn
  plain: boolean; // an acknowledgement and nothing else
  proof: Proof;
  hue: number;
  note: Segment["note"] | "unarrived";
}

/** What did a thing that no line of code did, beside a lifeline: the kernel by itself. */
export interface Note {
  y0: number;
  y1: number;
  side: 0 | 1;
  segment: number;
  by: "call" | "kernel" | "exit";
  why: string;
  call: number; // -1: none
}

export interface Queue {
  y0: number;
  y1: number;
  side: 0 | 1;
  hue: number;
  slot: number;
  link: number;
  text: string;
}

export interface Band {
  y0: number;
  y1: number;
  side: 0 | 1;
  name: string;
  proof: Proof;
}

/** How long after the time named before it. */
export interface TimeMark {
  y0: number;
  y1: number;
  ns: number;
  first: boolean;
}

export interface LadderModel {
  scale: Scale;
  height: number;
  marks: Mark[];
  bars: Bar[];
  arrows: Spans<Arrow>;
  queues: Queue[];
  bands: Band[];
  folds: Fold[];
  notes: Note[];
  times: Spans<TimeMark>;
}

const side = (value: number): 0 | 1 => (value === 0 ? 0 : 1);
const ROW = 19;

export interface Wishes {
  density?: number; // below 1: closer, so that a conversation fits its place
  open?: ReadonlySet<number>; // beginnings of repetitions that the reader unfolded
}

export function buildModel(detail: Detail, ended: number, wishes: Wishes = {}): LadderModel {
  const pieces = piecesByCall(detail);
  const repeats = repeatsOf(detail).filter((repeat) => !wishes.open?.has(repeat.t0));
  const density = wishes.density ?? 1;
  const scale = buildScale(stopsOf(detail, pieces, ended, density), 26, repeats, density, travelOf(detail.segments ?? [], density));
  return {
    scale,
    height: scale.height,
    marks: marksOf(detail, pieces, scale, repeats),
    bars: barsOf(detail, scale, ended, repeats),
    arrows: together(sorted(arrowsOf(detail, scale, repeats)), segmentsOf(detail, detail.segments ?? [], scale, repeats)),
    queues: queuesOf(detail, scale, ended, repeats),
    bands: bandsOf(detail, scale),
    folds: scale.folds,
    notes: notesOf(detail, scale),
    times: timesOf(scale),
  };
}

/** Where a call's label stands: a wait's at its end, anything else at its beginning. */
export function labelTime(call: Call): number {
  return isWait(call.op) && call.t1 !== null && !call.op.startsWith("connect") ? call.t1 : call.t0;
}

function stopsOf(detail: Detail, pieces: Map<number, Piece[]>, ended: number, density: number): Stops {
  const stops = new Stops();
  const row = ROW * Math.max(density, 0.85);
  detail.calls.forEach((call, number) => {
    const at = labelTime(call);
    stops.push(at, call.side, row + (pieces.has(number) ? 15 : 0));
    if (call.t0 !== at) stops.push(call.t0, -1, 0);
    if (call.t1 !== null && call.t1 !== at) stops.push(call.t1, -1, 0);
  });
  for (const link of detail.links) {
    if (detail.segments && link.kind !== "datagram") continue; // their segments stand for them
    stops.push(link.left, link.side, 18);
    if (link.arrived !== null) stops.push(link.arrived, 1 - link.side, 18);
  }
  if (detail.first + detail.calls.length === detail.total) stops.push(ended, -1, 0);
  return stops;
}

/** Segments leave and arrive; each is read once. */
function travelOf(segments: Segment[], density: number): Travel {
  const slope = Math.max(density, 0.8);
  const travel = new Travel(segments.length, [
    { leaving: 18 * slope, arriving: 15 * slope, span: 22 * slope },
    { leaving: 12 * slope, arriving: 11 * slope, span: 12 * slope },
  ]);
  for (let n = 0; n < segments.length; n++) {
    const segment = segments[n]!;
    travel.left[n] = segment.t;
    travel.arrived[n] = segment.arrived ?? NaN;
    travel.side[n] = segment.side;
    travel.kind[n] = isQuiet(segment) ? 1 : 0;
  }
  return travel;
}

export function chipsOf(pieces: Piece[]): Chip[] {
  const total = pieces.reduce((sum, piece) => sum + piece.end - piece.start, 0);
  return pieces.map((piece) => ({
    text: pieceName(piece),
    hue: hueOf(piece.message),
    share: total ? (piece.end - piece.start) / total : 1 / pieces.length,
    cutStart: piece.start > piece.message.start,
    cutEnd: piece.end < piece.message.end,
  }));
}

function marksOf(detail: Detail, pieces: Map<number, Piece[]>, scale: Scale, repeats: Repeat[]): Mark[] {
  const marks: Mark[] = [];
  detail.calls.forEach((call, number) => {
    if (within(repeats, labelTime(call), labelTime(call))) return;
    const y = scale.y(labelTime(call));
    const chips = chipsOf(pieces.get(number) ?? []);
    marks.push({
      y0: y - 12, y1: y + 26, call: number, side: side(call.side), text: markText(call), chips,
      open: call.t1 === null, failed: call.failure !== null,
    });
  });
  return sorted(marks);
}

function markText(call: Call): string {
  const name = shortOp(call.op);
  if (call.failure) return `${name} ✗`;
  if (call.t1 !== null && isReceive(call.op)) return call.count ? `${name} ${brief(call.count)}` : `${name} b''`;
  if (call.count && !isWait(call.op) && call.op !== "listen" && call.op !== "bind") return `${name} ${brief(call.count)}`;
  return name;
}

function barsOf(detail: Detail, scale: Scale, ended: number, repeats: Repeat[]): Bar[] {
  const bars: Bar[] = [];
  detail.calls.forEach((call, number) => {
    const end = endOf(call, ended);
    if (within(repeats, call.t0, end)) return;
    const y0 = scale.y(call.t0);
    const kind = call.t1 === null ? "open" : isWait(call.op) ? "wait" : "busy";
    bars.push({ y0, y1: Math.max(scale.y(end), y0 + 4), call: number, side: side(call.side), kind });
  });
  return sorted(bars);
}

function arrowsOf(detail: Detail, scale: Scale, repeats: Repeat[]): Arrow[] {
  const arrows: Arrow[] = [];
  let before: Link | null = null;
  detail.links.forEach((link, number) => {
    if (detail.segments && link.kind !== "datagram") return;
    // The pieces of one message that were read apart still left as one.
    if (before && link.kind === "data" && before.message === link.message && before.leave === link.leave && before.left === link.left && link.leave !== null) {
      return;
    }
    before = link;
    if (within(repeats, link.left, link.arrived ?? link.left)) return;
    const message = link.message === null ? undefined : detail.messages[link.message];
    const y0 = scale.y(link.left);
    const to = link.arrived === null ? y0 + 22 : scale.y(link.arrived);
    const name = message ? `${messageName(message)} · ${brief(message.end - message.start)}` : "";
    arrows.push({
      y0: Math.min(y0, to), y1: Math.max(y0, to), yTo: to, link: number, segment: -1, side: side(link.side),
      kind: link.kind, labels: () => [message ? name : LABELS[link.kind] ?? link.kind], plain: false, proof: link.proof,
      hue: message ? hueOf(message) : -1, note: link.arrived === null ? "unarrived" : "",
    });
  });
  return arrows;
}

const LABELS: Partial<Record<Link["kind"], string>> = { syn: "SYN", "syn-ack": "SYN-ACK", ack: "ACK", fin: "FIN", rst: "RST" };

/** An acknowledgement and nothing else. */
export function isPlain(segment: Segment): boolean {
  return segment.start === segment.end && segment.flags === "ACK";
}

/** `PSH,ACK seq=1 len=7`, and shorter forms; numbers as other tools count: the SYN is 0. */
export function segmentLabels(segment: Segment, name: string): string[] {
  const flags = segment.flags.replaceAll(", ", ",");
  const length = segment.end - segment.start;
  const ack = segment.ack === null ? "" : ` ack=${segment.ack + 1}`;
  if (isPlain(segment)) return [`ACK${ack}`, "ACK"];
  if (!length) return [`${flags} seq=${segment.start + 1}${ack}`, `${flags} seq=${segment.start + 1}`, flags];
  const numbers = `seq=${segment.start + 1} len=${length}`;
  const named = name ? `${name} · ` : "";
  return [`${named}${flags} ${numbers}`, `${named}${numbers}`, `${named}len=${length}`, `${length}`];
}

function segmentsOf(detail: Detail, segments: Segment[], scale: Scale, repeats: Repeat[]): Spans<Arrow> {
  const y0s = new Float64Array(segments.length);
  const y1s = new Float64Array(segments.length);
  const numbers = new Uint32Array(segments.length);
  let count = 0;
  for (let n = 0; n < segments.length; n++) {
    let y0 = scale.left[n]!;
    let y1 = scale.arrived[n]!;
    // NaN: it has no stop, because it begins or ends inside a fold, or did not arrive.
    if (repeats.length || y0 !== y0 || y1 !== y1) {
      const { t, arrived } = segments[n]!;
      if (within(repeats, t, arrived ?? t)) continue;
      if (y0 !== y0) y0 = scale.y(t);
      if (y1 !== y1) y1 = arrived === null ? y0 + 16 : scale.y(arrived);
    }
    y0s[count] = y0;
    y1s[count] = y1;
    numbers[count++] = n;
  }
  const order = inOrder(numbersBelow(count), y0s);
  let messages: Message[][] | null = null;
  const arrow = (at: number) => {
    messages ??= [0, 1].map((s) => detail.messages.filter((m) => m.side === s).sort((a, b) => a.start - b.start));
    return segmentArrow(detail, messages, numbers[order[at]!]!, y0s[order[at]!]!, y1s[order[at]!]!);
  };
  return new Spans(arranged(y0s, order), arranged(y1s, order), arrow);
}

function segmentArrow(detail: Detail, messages: Message[][], number: number, y0: number, y1: number): Arrow {
  const segment = detail.segments![number]!;
  const mine = messages[segment.side]!;
  const first = segment.end > segment.start && !detail.unjoined[segment.side] ? firstMessage(mine, segment.start) : mine.length;
  const message = first < mine.length && mine[first]!.start < segment.end ? mine[first]! : undefined;
  return {
    y0, y1, yTo: y1, link: -1, segment: number, side: side(segment.side), kind: "segment",
    labels: () => segmentLabels(segment, message ? namesFrom(mine, first, segment.end) : ""),
    plain: isQuiet(segment), proof: "captured", hue: message ? hueOf(message) : -1, note: segment.note,
  };
}

/** Two lists of marks, each in order (M3), as one. */
function together<T extends { y0: number; y1: number }>(some: T[], many: Spans<T>): Spans<T> {
  if (!some.length) return many;
  if (!many.length) return Spans.of(some);
  const y0 = new Float64Array(some.length + many.length);
  const y1 = y0.slice();
  some.forEach((item, n) => ((y0[n] = item.y0), (y1[n] = item.y1)));
  y0.set(many.y0, some.length);
  y1.set(many.y1, some.length);
  const order = inOrder(numbersBelow(y0.length), y0);
  const at = (number: number) => (order[number]! < some.length ? some[order[number]!]! : many.at(order[number]! - some.length));
  return new Spans(arranged(y0, order), arranged(y1, order), at);
}

/** An acknowledgement that brought nothing else about: drawn thin, with little room. */
function isQuiet(segment: Segment): boolean {
  return segment.cause === null && isPlain(segment);
}

/** `C1`, `C1+C2`, `C1–C9`: the messages of which a segment carries bytes. */
function namesFrom(messages: Message[], first: number, end: number): string {
  let last = first;
  while (last + 1 < messages.length && messages[last + 1]!.start < end) last++;
  const name = (at: number) => messageName(messages[at]!);
  return last === first ? name(first) : `${name(first)}${last === first + 1 ? "+" : "–"}${name(last)}`;
}

/** The number of the first message that ends behind an offset. */
function firstMessage(messages: Message[], start: number): number {
  let low = 0;
  let high = messages.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (messages[middle]!.end <= start) low = middle + 1;
    else high = middle;
  }
  return low;
}

function notesOf(detail: Detail, scale: Scale): Note[] {
  const notes: Note[] = [];
  detail.segments?.forEach((segment, number) => {
    const { cause } = segment;
    if (!cause || cause.by === "call") return;
    const y = scale.y(segment.t);
    notes.push({ y0: y - 8, y1: y + 8, side: side(segment.side), segment: number, by: cause.by, why: cause.why, call: cause.call ?? -1 });
  });
  return notes;
}

/** The moments whose time is told: as many as there is room for. */
function timesOf({ times, ys }: Scale): Spans<TimeMark> {
  const told = new Uint32Array(times.length);
  let count = 0;
  let free = -Infinity;
  for (let n = 0; n < times.length; n++) {
    const y = ys[n]!;
    if (y < free) continue;
    told[count++] = n;
    free = y + 30;
  }
  const y0 = new Float64Array(count);
  const y1 = new Float64Array(count);
  for (let n = 0; n < count; n++) {
    y0[n] = ys[told[n]!]! - 5;
    y1[n] = ys[told[n]!]! + 5;
  }
  return new Spans(y0, y1, (n) => ({ y0: y0[n]!, y1: y1[n]!, ns: n ? times[told[n]!]! - times[told[n - 1]!]! : 0, first: !n }));
}

function queuesOf(detail: Detail, scale: Scale, ended: number, repeats: Repeat[]): Queue[] {
  const queues: Queue[] = [];
  const busy: number[][] = [[], []]; // side -> slot -> free from
  detail.links.forEach((link, number) => {
    if (link.message === null || link.arrived === null) return;
    const until = link.landed ?? ended;
    if (until <= link.arrived || within(repeats, link.arrived, until)) return;
    const message = detail.messages[link.message];
    if (!message) return;
    const receiver = side(1 - link.side);
    const slots = busy[receiver]!;
    let slot = slots.findIndex((free) => free <= link.arrived!);
    if (slot < 0) slot = slots.length;
    slots[slot] = until;
    queues.push({
      y0: scale.y(link.arrived), y1: scale.y(until), side: receiver, hue: hueOf(message), slot: Math.min(slot, 5),
      link: number, text: pieceName({ message, start: link.start, end: link.end, link }),
    });
  });
  return sorted(queues);
}

function bandsOf(detail: Detail, scale: Scale): Band[] {
  return sorted(
    detail.states.map((state): Band => ({
      y0: scale.y(state.t0), y1: scale.y(state.t1), side: side(state.side), name: state.name, proof: state.proof,
    })),
  );
}

function sorted<T extends { y0: number }>(items: T[]): T[] {
  return items.sort((a, b) => a.y0 - b.y0);
}
