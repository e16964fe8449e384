// Time -> height. Pure.
//
// A conversation has gaps of a microsecond and of a minute. Heights keep their order and
// grow with the logarithm of the gap, so that every event can be read and a longer gap is
// never drawn shorter; idle time of FOLD_NS or more is folded to one labelled stretch, and
// so is what repeats (repeats.ts).
//
// L1  later is never higher; equal times have equal height
// L2  two events of one side that ask for room stand that far apart
// L4  what travels has the slope it asked for: its arrival stands `span` below its leaving
// L3  y and t are each other's inverse at every event

import { inOrder } from "./order";
import type { Repeat } from "./repeats";

export const FOLD_NS = 200e6;
const FOLD_PX = 46;

export interface Stop {
  t: number;
  side: 0 | 1 | -1;
  room: number;
}

/** Moments that ask for room, in no order. */
export class Stops {
  readonly t: number[] = [];
  readonly side: number[] = [];
  readonly room: number[] = [];

  static of(stops: Stop[]): Stops {
    const all = new Stops();
    for (const stop of stops) all.push(stop.t, stop.side, stop.room);
    return all;
  }

  push(t: number, side: number, room: number): void {
    this.t.push(t);
    this.side.push(side);
    this.room.push(room);
  }

  /** Their numbers in order of time. */
  order(without: Repeat[]): number[] {
    const { t } = this;
    const numbers: number[] = [];
    for (let n = 0; n < t.length; n++) if (!without.length || !within(without, t[n]!, t[n]!)) numbers.push(n);
    return numbers.sort((a, b) => t[a]! - t[b]!);
  }
}

/** Room that what travels asks for at its side when it leaves, at the other when it arrives. */
export interface Rooms {
  leaving: number;
  arriving: number;
  span: number; // how far below its leaving it arrives, at least
}

/** What travels, by number: two stops each, without an object for any. */
export class Travel {
  readonly left: Float64Array;
  readonly arrived: Float64Array; // NaN: it did not
  readonly side: Uint8Array; // from which it left
  readonly kind: Uint8Array; // 0 or 1, of `rooms`

  constructor(readonly length: number, readonly rooms: [Rooms, Rooms]) {
    this.left = new Float64Array(length);
    this.arrived = new Float64Array(length);
    this.side = new Uint8Array(length);
    this.kind = new Uint8Array(length);
  }
}

const NOTHING: Rooms = { leaving: 0, arriving: 0, span: 0 };
const NOBODY = new Travel(0, [NOTHING, NOTHING]);

/** Numbers in order of their times, those without a time left out; null: 0, 1, 2 as they are. */
function orderOf(times: Float64Array): Uint32Array | null {
  let sorted = true;
  let known = times.length;
  let before = -Infinity;
  for (let n = 0; n < times.length; n++) {
    const time = times[n]!;
    if (time >= before) before = time;
    else {
      sorted = false; // NaN too
      if (time !== time) known--;
    }
  }
  if (sorted) return null;
  const numbers = new Uint32Array(known);
  for (let n = 0, at = 0; n < times.length; n++) if (times[n] === times[n]) numbers[at++] = n;
  return inOrder(numbers, times);
}

/** Goes through what travels in order of time; what lies in a stretch left out has no stop. */
class Walk {
  time = Infinity; // of the next
  number = -1;
  private at = 0;
  private readonly order: Uint32Array | null;
  private readonly count: number;

  constructor(private readonly times: Float64Array, private readonly without: Repeat[]) {
    this.order = orderOf(times);
    this.count = this.order ? this.order.length : times.length;
    this.next();
  }

  next(): void {
    while (this.at < this.count) {
      this.number = this.order ? this.order[this.at]! : this.at;
      this.at++;
      this.time = this.times[this.number]!;
      if (!this.without.length || !within(this.without, this.time, this.time)) return;
    }
    this.time = Infinity;
  }
}

export interface Fold {
  t0: number;
  t1: number;
  y0: number;
  y1: number;
  repeat: Repeat | null; // null: idle time
}

export class Scale {
  constructor(
    readonly times: Float64Array,
    readonly ys: Float64Array,
    readonly folds: Fold[],
    /** Heights at which what travels left, by its number. */
    readonly left: Float64Array = new Float64Array(), // NaN: it has no stop
    /** And at which it arrived. */
    readonly arrived: Float64Array = new Float64Array(),
  ) {}

  get height(): number {
    return (this.ys.at(-1) ?? 0) + 30;
  }

  y(time: number): number {
    return between(this.times, this.ys, time);
  }

  t(y: number): number {
    return between(this.ys, this.times, y);
  }
}

/** Piecewise linear; before the first and after the last it stays at the end. */
function between(from: Float64Array, to: Float64Array, value: number): number {
  const last = from.length - 1;
  if (last < 0) return 0;
  if (value <= from[0]!) return to[0]!;
  if (value >= from[last]!) return to[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (from[middle]! <= value) low = middle;
    else high = middle;
  }
  const span = from[high]! - from[low]!;
  return to[low]! + (span ? ((value - from[low]!) / span) * (to[high]! - to[low]!) : 0);
}

/** The height of a gap; `density` below 1 draws everything closer. */
export function gap(ns: number, density = 1): number {
  if (ns <= 0) return 0;
  return Math.min(44, 5 + 7 * Math.log10(1 + ns / 1000)) * density;
}

/** The height of a moment that comes after one at height `y`; a fold between them is noted. */
function below(y: number, before: number, time: number, density: number, repeats: Repeat[], folds: Fold[]): number {
  const found = repeats.length ? repeats[firstEnding(repeats, before)] : undefined;
  const repeat = found && found.t0 <= before ? found : null;
  if (time - before < FOLD_NS && !repeat) return y + gap(time - before, density);
  const next = y + FOLD_PX * Math.max(density, 0.74);
  folds.push({ t0: before, t1: time, y0: y, y1: next, repeat });
  return next;
}

/** `repeats`: stretches to be folded, in order; what happened in them asks for no room. */
export function buildScale(stops: Stops, top = 26, repeats: Repeat[] = [], density = 1, travel = NOBODY): Scale {
  for (const { t0, t1 } of repeats) for (const t of [t0, t1]) stops.push(t, -1, 0);
  const order = stops.order(repeats);
  const leaving = new Walk(travel.left, repeats);
  const arriving = new Walk(travel.arrived, repeats);
  const times = new Float64Array(order.length + 2 * travel.length);
  const ys = new Float64Array(times.length);
  const folds: Fold[] = [];
  const left = new Float64Array(travel.length).fill(NaN);
  const arrived = new Float64Array(travel.length).fill(NaN);
  const group = new Uint32Array(2 * travel.length); // what leaves or arrives at one moment
  let moments = 0;
  let free0 = top; // from where the client's side has room again
  let free1 = top;
  let at = 0;
  let y = top;
  let stopTime = order.length ? stops.t[order[0]!]! : Infinity;
  for (;;) {
    const time = Math.min(stopTime, leaving.time, arriving.time);
    if (time === Infinity) break;
    if (moments) y = below(y, times[moments - 1]!, time, density, repeats, folds);
    let wanted0 = 0;
    let wanted1 = 0;
    while (stopTime === time) {
      const stop = order[at++]!;
      stopTime = at < order.length ? stops.t[order[at]!]! : Infinity;
      const side = stops.side[stop]!;
      const room = stops.room[stop]!;
      if (side < 0 || !room) continue;
      y = Math.max(y, side ? free1 : free0);
      if (side) wanted1 = Math.max(wanted1, room);
      else wanted0 = Math.max(wanted0, room);
    }
    let leave = 0;
    for (; leaving.time === time; leaving.next()) {
      const number = (group[leave++] = leaving.number);
      const room = travel.rooms[travel.kind[number]!]!.leaving;
      y = Math.max(y, travel.side[number] ? free1 : free0);
      if (travel.side[number]) wanted1 = Math.max(wanted1, room);
      else wanted0 = Math.max(wanted0, room);
    }
    let arrive = leave;
    for (; arriving.time === time; arriving.next()) {
      const number = (group[arrive++] = arriving.number);
      const rooms = travel.rooms[travel.kind[number]!]!;
      y = Math.max(y, (left[number] || 0) + rooms.span, travel.side[number] ? free0 : free1); // NaN: 0
      if (travel.side[number]) wanted0 = Math.max(wanted0, rooms.arriving);
      else wanted1 = Math.max(wanted1, rooms.arriving);
    }
    for (let n = 0; n < leave; n++) left[group[n]!] = y;
    for (let n = leave; n < arrive; n++) arrived[group[n]!] = y;
    if (wanted0) free0 = y + wanted0;
    if (wanted1) free1 = y + wanted1;
    const fold = folds[folds.length - 1];
    if (fold && fold.t1 === time) fold.y1 = y;
    times[moments] = time;
    ys[moments++] = y;
  }
  return new Scale(times.subarray(0, moments), ys.subarray(0, moments), folds, left, arrived);
}

/** Do both moments lie inside one of the stretches, its edges excluded? */
export function within(repeats: Repeat[], from: number, to: number): boolean {
  const found = repeats[firstEnding(repeats, from)];
  return found !== undefined && found.t0 < from && to < found.t1;
}

/** The number of the first stretch that ends after a moment. */
function firstEnding(repeats: Repeat[], moment: number): number {
  let low = 0;
  let high = repeats.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (repeats[middle]!.t1 <= moment) low = middle + 1;
    else high = middle;
  }
  return low;
}
