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
  readonly t: number[] = [];
  readonly side: number[] = [];
  readonly room: number[] = [];
  readonly leaves: number[] = []; // -1: does not travel
  readonly arrives: number[] = [];
  readonly span: number[] = [];

  static of(stops: Stop[]): Stops {
    const all = new Stops();
    for (const stop of stops) all.push(stop.t, stop.side, stop.room, stop.leaves, stop.arrives, stop.span);
    return all;
  }

  push(t: number, side: number, room: number, leaves = -1, arrives = -1, span = 0): void {
    this.t.push(t);
    this.side.push(side);
    this.room.push(room);
    this.leaves.push(leaves);
    this.arrives.push(arrives);
    this.span.push(span);
  }

  /** Their numbers in order of time; runs that are in order already cost little (TimSort). */
  order(without: Repeat[]): number[] {
    const { t } = this;
    const numbers: number[] = [];
    for (let n = 0; n < t.length; n++) if (!without.length || !within(without, t[n]!, t[n]!)) numbers.push(n);
    return numbers.sort((a, b) => t[a]! - t[b]!);
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
    readonly left: number[] = [],
    /** And at which it arrived. */
    readonly arrived: number[] = [],
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
  const times: number[] = [];
  const ys: number[] = [];
  const folds: Fold[] = [];
  const free = [top, top]; // from where a side has room again
  const left: number[] = [];
  const arrived: number[] = [];
  let repeated = 0;
  let at = 0;
  let y = top;
  while (at < order.length) {
    const time = stops.t[order[at]!]!;
    if (times.length) {
      const before = times[times.length - 1]!;
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
      if (from >= 0) y = Math.max(y, (left[from] ?? 0) + stops.span[stop]!);
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
    const fold = folds.at(-1);
    if (fold && fold.t1 === time) fold.y1 = y;
    times.push(time);
    ys.push(y);
    at = last;
  }
  return new Scale(Float64Array.from(times), Float64Array.from(ys), folds, left, arrived);
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
