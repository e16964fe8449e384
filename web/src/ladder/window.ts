// Which of many marks touch a stretch of height. Pure.
//
// Marks are sorted by their upper end; each block of BLOCK keeps its lowest end, so that a
// stretch is found by looking at blocks, not at marks: 100,000 marks are 400 blocks.
// Of marks only the heights need to be there: what else a mark is can be made when it is
// looked at, so that a hundred thousand of them are two arrays of numbers.

export interface Spanned {
  y0: number;
  y1: number;
}

/** Marks by number: their heights, and how to get at each. */
export class Spans<T> implements Iterable<T> {
  constructor(readonly y0: Float64Array, readonly y1: Float64Array, readonly at: (number: number) => T) {}

  static of<T extends Spanned>(items: readonly T[]): Spans<T> {
    return new Spans(Float64Array.from(items, (item) => item.y0), Float64Array.from(items, (item) => item.y1), (number) => items[number]!);
  }

  get length(): number {
    return this.y0.length;
  }

  *[Symbol.iterator](): Iterator<T> {
    for (let number = 0; number < this.length; number++) yield this.at(number);
  }
}

const BLOCK = 256;

export class Window<T> {
  readonly spans: Spans<T>;
  private readonly lowest: Float64Array;

  constructor(items: Spans<T> | readonly (T & Spanned)[]) {
    this.spans = items instanceof Spans ? items : Spans.of<T & Spanned>(items);
    const { y1 } = this.spans;
    this.lowest = new Float64Array(Math.ceil(y1.length / BLOCK)).fill(-Infinity);
    for (let number = 0; number < y1.length; number++) {
      const block = (number / BLOCK) | 0;
      if (y1[number]! > this.lowest[block]!) this.lowest[block] = y1[number]!;
    }
  }

  /** The numbers of all items that touch [top, bottom], in order. */
  numbers(top: number, bottom: number): number[] {
    const { y0, y1 } = this.spans;
    const found: number[] = [];
    for (let block = 0; block < this.lowest.length; block++) {
      if (y0[block * BLOCK]! > bottom) break;
      if (this.lowest[block]! < top) continue;
      const end = Math.min(y0.length, (block + 1) * BLOCK);
      for (let number = block * BLOCK; number < end; number++) {
        if (y0[number]! > bottom) break;
        if (y1[number]! >= top) found.push(number);
      }
    }
    return found;
  }

  /** The items themselves. */
  between(top: number, bottom: number): T[] {
    return this.numbers(top, bottom).map((number) => this.spans.at(number));
  }
}
