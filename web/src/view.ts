// What the reader looks at: one flow, one step, one tab; kept in the address's fragment,
// so that a link leads to the same moment. Everything derived is made once per flow.
import { piecesByCall, type Piece } from "./calls";
import { buildModel, type LadderModel, type Wishes } from "./ladder/model";
import { factsOf, stepsOf, type Facts, type Step } from "./steps";
import type { Bytes, Detail, Page } from "./types";

export interface FlowView {
  detail: Detail;
  pieces: Map<number, Piece[]>;
  steps: Step[];
  facts: Facts;
  model: LadderModel;
  open: Set<number>; // repetitions that the reader unfolded
  lines: Map<number, LineUse>[]; // side -> line of lines -> use
}

export interface LineUse {
  sent: number;
  received: number;
  calls: number[];
}

const DENSEST = 0.55;

/** A ladder that fits `room` pixels of height if drawing it closer can do that. */
export function fittingModel(detail: Detail, ended: number, room: number, open: ReadonlySet<number>): LadderModel {
  const make = (density: number) => buildModel(detail, ended, { density, open } satisfies Wishes);
  let model = make(1);
  if (!room || model.height <= room || isLong(model, room)) return model;
  for (const density of [0.75, DENSEST]) {
    model = make(density);
    if (model.height <= room) break;
  }
  return model;
}

/** Is it too long to be drawn close enough for any such room? Then it is the same for all. */
export function isLong(model: LadderModel, room: number): boolean {
  return model.height * DENSEST > room * 1.25;
}

export function flowView(page: Page, detail: Detail, room = 0, open = new Set<number>()): FlowView {
  const pieces = piecesByCall(detail);
  return {
    detail,
    pieces,
    steps: stepsOf(detail, page.findings),
    facts: factsOf(detail, pieces),
    model: fittingModel(detail, page.ended, room, open),
    open,
    lines: [usesOf(page, detail, 0), usesOf(page, detail, 1)],
  };
}

/** Bytes and calls of each source line of one side, keyed by source * 2^20 + line. */
function usesOf(page: Page, detail: Detail, side: number): Map<number, LineUse> {
  const uses = new Map<number, LineUse>();
  detail.calls.forEach((call, number) => {
    const line = call.line === null ? undefined : page.lines[call.line];
    if (call.side !== side || !line) return;
    const key = lineKey(line.source, line.line);
    const use = uses.get(key) ?? { sent: 0, received: 0, calls: [] };
    if (/^(send|os\.write|os\.sendfile|tls\.write|stream\.queue)/.test(call.op)) use.sent += call.count;
    if (/^(recv|os\.read|tls\.read|stream\.read)/.test(call.op)) use.received += call.count;
    use.calls.push(number);
    uses.set(key, use);
  });
  return uses;
}

/** Bytes [start, end) of a direction, if all of them were kept. */
export function payloadOf(kept: Bytes[], side: number, start: number, end: number): Uint8Array | null {
  const out = new Uint8Array(Math.max(0, end - start));
  let filled = 0;
  for (const part of kept) {
    if (part.side !== side || part.start >= end) continue;
    const data = Uint8Array.from(atob(part.data), (c) => c.charCodeAt(0));
    const from = Math.max(start, part.start);
    const to = Math.min(end, part.start + data.length);
    if (to <= from) continue;
    out.set(data.subarray(from - part.start, to - part.start), from - start);
    filled += to - from;
  }
  return filled === out.length && filled ? out : null;
}

export function lineKey(source: number, line: number): number {
  return source * 2 ** 20 + line;
}

/** Which flow to open with: that of the first finding, else the one that moved most bytes. */
export function firstFlow(page: Page): number {
  const told = page.findings.find((finding) => finding.flow !== null);
  if (told?.flow != null) return told.flow;
  const rows = [...page.flows].sort((a, b) => b.there + b.back - (a.there + a.back));
  return rows[0]?.number ?? -1;
}

export interface Place {
  flow: number;
  step: number;
  tab: string;
  lang: string;
  from: number; // the first call of the window
}

export function readHash(hash: string): Partial<Place> {
  const words = new URLSearchParams(hash.replace(/^#/, ""));
  const place: Partial<Place> = {};
  for (const key of ["flow", "step", "from"] as const) {
    const text = words.get(key);
    if (text !== null && /^\d+$/.test(text)) place[key] = Number(text);
  }
  for (const key of ["tab", "lang"] as const) {
    const text = words.get(key);
    if (text !== null) place[key] = text;
  }
  return place;
}

export function writeHash(place: Place): string {
  return `#flow=${place.flow}&step=${place.step}&tab=${place.tab}&lang=${place.lang}${place.from ? `&from=${place.from}` : ""}`;
}
