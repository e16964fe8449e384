// Numbers in order of a value that each has. Pure.
//
// N1  Equal values stand in order of number.
// N2  Long stretches that are in order already are merged, not sorted: the hundred thousand
//     segments of a long transfer are two of them, when they left and when they arrived.

const LONG = 256;

/** Numbers, ascending, in order of their values; the very same array when they are already. */
export function inOrder(numbers: Uint32Array, values: Float64Array): Uint32Array {
  const runs: Uint32Array[] = [];
  const rest: number[] = [];
  let at = 0;
  while (at < numbers.length) {
    let end = at + 1;
    while (end < numbers.length && values[numbers[end - 1]!]! <= values[numbers[end]!]!) end++;
    if (end - at === numbers.length) return numbers;
    if (end - at >= LONG) runs.push(numbers.subarray(at, end));
    else for (let n = at; n < end; n++) rest.push(numbers[n]!);
    at = end;
  }
  rest.sort((a, b) => values[a]! - values[b]! || a - b);
  if (rest.length) runs.push(Uint32Array.from(rest));
  while (runs.length > 1) {
    runs.sort((a, b) => b.length - a.length);
    runs.push(merged(runs.pop()!, runs.pop()!, values)); // the shortest two
  }
  return runs[0] ?? new Uint32Array();
}

function merged(one: Uint32Array, two: Uint32Array, values: Float64Array): Uint32Array {
  const all = new Uint32Array(one.length + two.length);
  let a = 0;
  let b = 0;
  let n = 0;
  while (a < one.length && b < two.length) {
    const x = one[a]!;
    const y = two[b]!;
    const by = values[x]! - values[y]!;
    if (by < 0 || (by === 0 && x < y)) {
      all[n++] = x;
      a++;
    } else {
      all[n++] = y;
      b++;
    }
  }
  all.set(one.subarray(a), n);
  all.set(two.subarray(b), n + one.length - a);
  return all;
}

/** The numbers below `count`. */
export function numbersBelow(count: number): Uint32Array {
  const all = new Uint32Array(count);
  for (let n = 0; n < count; n++) all[n] = n;
  return all;
}

/** Values in an order; the very same array where that is the order of their numbers. */
export function arranged(values: Float64Array, order: Uint32Array): Float64Array {
  let same = 0;
  while (same < order.length && order[same] === same) same++;
  if (same === order.length) return values.subarray(0, same);
  const all = new Float64Array(order.length);
  for (let n = 0; n < order.length; n++) all[n] = values[order[n]!]!;
  return all;
}
