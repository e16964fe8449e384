// Which of many marks touch a stretch of height. Pure.
//
// Marks are sorted by their upper end; each block of BLOCK keeps its lowest end, so that a
// stretch is found by looking at blocks, not at marks: 100,000 marks are 400 blocks.

export interface Spanned {
  y0: number;
  y1: number;
}

const BLOCK = 256;

export class Window<T extends Spanned> {
  private readonly lowest: Float64Array;

  constructor(readonly items: readonly T[]) {
    this.lowest = new Float64Array(Math.ceil(items.length / BLOCK)).fill(-Infinity);
    items.forEach((item, number) => {
      const block = Math.floor(number / BLOCK);
      if (item.y1 > this.lowest[block]!) this.lowest[block] = item.y1;
    });
  }

  /** All items that touch [top, bottom], in order. */
  between(top: number, bottom: number): T[] {
    const found: T[] = [];
    for (let block = 0; block < this.lowest.length; block++) {
      const first = this.items[block * BLOCK]!;
      if (first.y0 > bottom) break;
      if (this.lowest[block]! < top) continue;
      const end = Math.min(this.items.length, (block + 1) * BLOCK);
      for (let number = block * BLOCK; number < end; number++) {
        const item = this.items[number]!;
        if (item.y0 > bottom) break;
        if (item.y1 >= top) found.push(item);
      }
    }
    return found;
  }
}
