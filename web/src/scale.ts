// Time -> height. Pure.
//
// A conversation has gaps of a microsecond and of a minute. Heights keep their order and
// grow with the logarithm of the gap, so that every event can be read and a longer gap is
// never drawn shorter; idle time of FOLD_NS or more is folded to one labelled stretch.
//
// L1  later is never higher; equal times have equal height
// L2  two events of one side that ask for room stand that far apart
// L4  what travels has the slope it asked for: its arrival stands `span` below its leaving
// L3  y and t are each other's inverse at every event

export const FOLD_NS = 200e6;
const FOLD_PX = 52;

export interface Stop {
  t: number;
  side: 0 | 1 | -1;
  room: number;
  leaves?: number; // the number of what leaves at this moment
  arrives?: number; // of what arrives; its leaving comes before
  span?: number; // how far below its leaving, at least
}

export interface Fold {
  t0: number;
  t1: number;
  y0: number;
  y1: number;
}

export class Scale {
  constructor(
    readonly times: Float64Array,
    readonly ys: Float64Array,
    readonly folds: Fold[],
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

export function gap(ns: number): number {
  if (ns <= 0) return 0;
  return Math.min(44, 5 + 7 * Math.log10(1 + ns / 1000));
}

export function buildScale(stops: Stop[], top = 26): Scale {
  const sorted = [...stops].sort((a, b) => a.t - b.t);
  const times: number[] = [];
  const ys: number[] = [];
  const folds: Fold[] = [];
  const free = [top, top]; // from where a side has room again
  const left: number[] = []; // heights at which things left
  let at = 0;
  let y = top;
  while (at < sorted.length) {
    const time = sorted[at]!.t;
    if (times.length) {
      const before = times.at(-1)!;
      const ns = time - before;
      const folded = ns >= FOLD_NS;
      const next = y + (folded ? FOLD_PX : gap(ns));
      if (folded) folds.push({ t0: before, t1: time, y0: y, y1: next });
      y = next;
    }
    let last = at;
    const wanted = [0, 0];
    while (last < sorted.length && sorted[last]!.t === time) {
      const stop = sorted[last++]!;
      if (stop.arrives !== undefined) y = Math.max(y, (left[stop.arrives] ?? 0) + (stop.span ?? 0));
      if (stop.side < 0 || !stop.room) continue;
      y = Math.max(y, free[stop.side]!);
      wanted[stop.side] = Math.max(wanted[stop.side]!, stop.room);
    }
    for (let n = at; n < last; n++) if (sorted[n]!.leaves !== undefined) left[sorted[n]!.leaves!] = y;
    for (const side of [0, 1]) if (wanted[side]) free[side] = y + wanted[side]!;
    const fold = folds.at(-1);
    if (fold && fold.t1 === time) fold.y1 = y;
    times.push(time);
    ys.push(y);
    at = last;
  }
  return new Scale(Float64Array.from(times), Float64Array.from(ys), folds);
}
