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
  leaves?: number; // the number of what leaves at this moment
  arrives?: number; // of what arrives; its leaving comes before
  span?: number; // how far below its leaving, at least
}

/** Many stops without an object for each: a hundred thousand segments are two hundred thousand. */
export class Stops {
  length = 0;
  travellers = 0; // numbers below this leave or arrive
  t: Float64Array;
  side: Int8Array;
  room: Float64Array;
  leaves: Int32Array; // -1: does not travel
  arrives: Int32Array;
  span: Float64Array;

  constructor(capacity = 64) {
    this.t = new Float64Array(capacity);
    this.side = new Int8Array(capacity);
    this.room = new Float64Array(capacity);
    this.leaves = new Int32Array(capacity);
    this.arrives = new Int32Array(capacity);
    this.span = new Float64Array(capacity);
  }

  static of(stops: Stop[]): Stops {
    const all = new Stops(stops.length);
    for (const stop of stops) all.push(stop.t, stop.side, stop.room, stop.leaves, stop.arrives, stop.span);
    return all;
  }

  push(t: number, side: number, room: number, leaves = -1, arrives = -1, span = 0): void {
    const at = this.length++;
    if (at >= this.t.length) this.grow();
    this.t[at] = t;
    this.side[at] = side;
    this.room[at] = room;
    this.leaves[at] = leaves;
    this.arrives[at] = arrives;
    this.span[at] = span;
    this.travellers = Math.max(this.travellers, leaves + 1, arrives + 1);
  }

  private grow(): void {
    const larger = new Stops(Math.max(64, 2 * this.t.length));
    for (const name of ["t", "side", "room", "leaves", "arrives", "span"] as const) {
      larger[name].set(this[name]);
      (this as Record<typeof name, unknown>)[name] = larger[name];
    }
  }

  /** Their numbers in order of time, those of one time in order of number. */
  order(without: Repeat[]): Uint32Array {
    let kept = 0;
    const numbers = new Uint32Array(this.length);
    for (let n = 0; n < this.length; n++) {
      if (!without.length || !within(without, this.t[n]!, this.t[n]!)) numbers[kept++] = n;
    }
    return inOrder(numbers.subarray(0, kept), this.t);
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

/** `repeats`: stretches to be folded, in order; what happened in them asks for no room. */
export function buildScale(stops: Stops, top = 26, repeats: Repeat[] = [], density = 1): Scale {
  for (const { t0, t1 } of repeats) for (const t of [t0, t1]) stops.push(t, -1, 0);
  const order = stops.order(repeats);
  const times = new Float64Array(order.length);
  const ys = new Float64Array(order.length);
  const folds: Fold[] = [];
  let moments = 0;
  const free = [top, top]; // from where a side has room again
  const left = new Float64Array(stops.travellers).fill(NaN);
  const arrived = left.slice();
  let repeated = 0;
  let at = 0;
  let y = top;
  while (at < order.length) {
    const time = stops.t[order[at]!]!;
    if (moments) {
      const before = times[moments - 1]!;
      const ns = time - before;
      while (repeated < repeats.length && repeats[repeated]!.t1 <= before) repeated++;
      const repeat = repeats[repeated] && repeats[repeated]!.t0 <= before ? repeats[repeated]! : null;
      const folded = ns >= FOLD_NS || repeat !== null;
      const next = y + (folded ? FOLD_PX * Math.max(density, 0.74) : gap(ns, density));
      if (folded) folds.push({ t0: before, t1: time, y0: y, y1: next, repeat });
      y = next;
    }
    let last = at;
    let wanted0 = 0;
    let wanted1 = 0;
    while (last < order.length && stops.t[order[last]!] === time) {
      const stop = order[last++]!;
      const from = stops.arrives[stop]!;
      if (from >= 0) y = Math.max(y, (left[from] || 0) + stops.span[stop]!); // NaN: 0
      const side = stops.side[stop]!;
      const room = stops.room[stop]!;
      if (side < 0 || !room) continue;
      y = Math.max(y, free[side]!);
      if (side === 0) wanted0 = Math.max(wanted0, room);
      else wanted1 = Math.max(wanted1, room);
    }
    for (let n = at; n < last; n++) {
      const stop = order[n]!;
      if (stops.leaves[stop]! >= 0) left[stops.leaves[stop]!] = y;
      if (stops.arrives[stop]! >= 0) arrived[stops.arrives[stop]!] = y;
    }
    if (wanted0) free[0] = y + wanted0;
    if (wanted1) free[1] = y + wanted1;
    const fold = folds[folds.length - 1];
    if (fold && fold.t1 === time) fold.y1 = y;
    times[moments] = time;
    ys[moments++] = y;
    at = last;
  }
  return new Scale(times.subarray(0, moments), ys.subarray(0, moments), folds, left, arrived);
}

/** Do both moments lie inside one of the stretches, its edges excluded? */
export function within(repeats: Repeat[], from: number, to: number): boolean {
  let low = 0;
  let high = repeats.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (repeats[middle]!.t1 <= from) low = middle + 1;
    else high = middle;
  }
  const found = repeats[low];
  return found !== undefined && found.t0 < from && to < found.t1;
}
