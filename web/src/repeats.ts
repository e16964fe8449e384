// Stretches of a flow in which both sides do the same again and again. Pure.
//
// R1  a side repeats when its calls run through the same lines in the same order at least
//     LEAST times; the first two rounds and the last stay, so that a reader sees what repeats
// R2  a stretch is folded only while every call of both sides repeats
import type { Call, Detail } from "./types";

export interface Repeat {
  t0: number;
  t1: number;
  count: number; // rounds folded, of the side that has more
  calls: number;
  bytes: [number, number]; // sent by each side
}

const LONGEST = 12; // calls in one round
const LEAST = 6;
const WORTH = 12; // calls; fewer are drawn one by one

export function repeatsOf(detail: Detail): Repeat[] {
  const period = new Uint8Array(detail.calls.length); // 0: not inside a repetition
  for (const side of [0, 1]) {
    const numbers: number[] = [];
    detail.calls.forEach((call, number) => {
      if (call.side === side) numbers.push(number);
    });
    markRounds(numbers.map((n) => keyOf(detail.calls[n]!)), (at, length) => (period[numbers[at]!] = length));
  }
  const found: Repeat[] = [];
  let at = 0;
  while (at < period.length) {
    const first = at;
    while (at < period.length && period[at]) at++;
    if (at - first >= WORTH) found.push(stretch(detail, period, first, at));
    at = Math.max(at, first + 1);
  }
  return found;
}

function keyOf(call: Call): string {
  return `${call.op} ${call.line} ${call.failure}`;
}

/** Say for every key that lies inside a repetition (R1) how long its round is. */
function markRounds(keys: string[], mark: (at: number, length: number) => void): void {
  let at = 0;
  while (at < keys.length) {
    let best = 0;
    let covered = 0;
    for (let length = 1; length <= LONGEST && at + length * LEAST <= keys.length; length++) {
      let same = 0;
      while (at + length + same < keys.length && keys[at + same] === keys[at + length + same]) same++;
      const rounds = Math.floor(same / length) + 1;
      if (rounds >= LEAST && rounds * length > covered) [best, covered] = [length, rounds * length];
    }
    if (!best) {
      at++;
      continue;
    }
    for (let n = at + 2 * best; n < at + covered - best; n++) mark(n, best);
    at += covered;
  }
}

function stretch(detail: Detail, period: Uint8Array, first: number, end: number): Repeat {
  const { calls } = detail;
  const rounds = [0, 0];
  const bytes: [number, number] = [0, 0];
  for (let n = first; n < end; n++) {
    const call = calls[n]!;
    rounds[call.side]! += 1 / period[n]!;
    if (call.op.startsWith("send") || call.op.endsWith("write")) bytes[call.side === 0 ? 0 : 1] += call.count;
  }
  return { t0: calls[first]!.t0, t1: (calls[end] ?? calls[end - 1])!.t0, count: Math.round(Math.max(...rounds)), calls: end - first, bytes };
}
