import { describe, expect, test } from "vitest";
import { buildModel } from "../src/ladder/model";
import { repeatsOf } from "../src/repeats";
import type { Call, Detail } from "../src/types";
import { call, detail } from "./sample";

/** A client that sends and reads `rounds` times, and the server that answers. */
function talk(rounds: number, odd = -1): Detail {
  const calls: Call[] = [];
  for (let n = 0; n < rounds; n++) {
    const t = n * 100_000;
    calls.push(call(0, "sendall", t + 1000, t + 2000, 10, 1), call(1, "recv", t + 500, t + 3000, 10, 3));
    calls.push(call(1, "sendall", t + 4000, t + 5000, 2, n === odd ? 9 : 4), call(0, "recv", t + 2500, t + 6000, 2, 2));
  }
  calls.sort((a, b) => a.t0 - b.t0);
  return { ...detail(), calls, total: calls.length, messages: [], links: [], states: [] };
}

describe("repeats", () => {
  test("rounds between the first two and the last are folded, and counted (R1)", () => {
    const found = repeatsOf(talk(100));
    expect(found).toHaveLength(1);
    expect(found[0]!.count).toBe(97);
    expect(found[0]!.bytes).toEqual([970, 194]);
  });

  test("few rounds are drawn one by one", () => {
    expect(repeatsOf(talk(5))).toEqual([]);
  });

  test("another line at one side ends the stretch (R2)", () => {
    const found = repeatsOf(talk(100, 50));
    expect(found).toHaveLength(2);
    const odd = talk(100, 50).calls.find((c) => c.line === 9)!;
    expect(found.every((r) => odd.t0 < r.t0 || odd.t0 >= r.t1)).toBe(true);
  });

  test("a folded ladder stays short, and unfolds to its full height", () => {
    const long = talk(1000);
    const folded = buildModel(long, 1e8);
    expect(folded.height).toBeLessThan(buildModel(talk(8), 1e6).height);
    expect(folded.marks.length).toBeLessThan(20);
    const repeat = folded.folds.find((fold) => fold.repeat)!.repeat!;
    const open = buildModel(long, 1e8, { open: new Set([repeat.t0]) });
    expect(open.marks).toHaveLength(4000);
    expect(open.height).toBeGreaterThan(20 * folded.height);
  });

  test("what is outside of a fold stands in order around it", () => {
    const model = buildModel(talk(50), 1e8);
    const fold = model.folds.find((one) => one.repeat)!;
    expect(fold.y1).toBeGreaterThan(fold.y0 + 20);
    for (const mark of model.marks) expect(mark.y0 + 12 <= fold.y0 + 1e-6 || mark.y0 + 12 >= fold.y1 - 1e-6).toBe(true);
  });
});
