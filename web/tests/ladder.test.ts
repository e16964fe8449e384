import { describe, expect, test } from "vitest";
import { piecesByCall, pieceName } from "../src/calls";
import { buildModel, chipsOf } from "../src/ladder/model";
import { Window } from "../src/ladder/window";
import { arranged, inOrder, numbersBelow } from "../src/order";
import { buildScale, FOLD_NS, Stops } from "../src/scale";
import { detail, long } from "./sample";

function random(seed: number): () => number {
  return () => (seed = (seed * 1103515245 + 12345) % 2147483648) / 2147483648;
}

describe("scale", () => {
  test("later is never higher, and room is kept on each side (L1, L2)", () => {
    const next = random(7);
    for (let turn = 0; turn < 50; turn++) {
      const stops = Array.from({ length: 40 }, () => ({ t: Math.floor(next() * 1e9 * next()), side: (next() < 0.5 ? 0 : 1) as 0 | 1, room: 20 }));
      const scale = buildScale(Stops.of(stops));
      for (let n = 1; n < scale.times.length; n++) expect(scale.ys[n]!).toBeGreaterThanOrEqual(scale.ys[n - 1]!);
      for (const side of [0, 1]) {
        const times = [...new Set(stops.filter((s) => s.side === side).map((s) => s.t))].sort((a, b) => a - b);
        for (let n = 1; n < times.length; n++) expect(scale.y(times[n]!) - scale.y(times[n - 1]!)).toBeGreaterThanOrEqual(20);
      }
    }
  });

  test("a moment and its height lead to each other (L3)", () => {
    const scale = buildScale(Stops.of([0, 10, 5000, 1e6, 2e9].map((t) => ({ t, side: 0 as const, room: 10 }))));
    for (const t of scale.times) expect(scale.t(scale.y(t))).toBeCloseTo(t, 3);
  });

  test("idle time is folded and says how long it was", () => {
    const scale = buildScale(Stops.of([0, 1000, FOLD_NS * 10].map((t) => ({ t, side: -1 as const, room: 0 }))));
    expect(scale.folds.map((f) => f.t1 - f.t0)).toEqual([FOLD_NS * 10 - 1000]);
  });

  test("a longer gap is never drawn shorter", () => {
    const heights = [10, 1000, 1e5, 1e7, 1e8].map((ns) => {
      const scale = buildScale(Stops.of([{ t: 0, side: -1, room: 0 }, { t: ns, side: -1, room: 0 }]));
      return scale.y(ns) - scale.y(0);
    });
    expect([...heights].sort((a, b) => a - b)).toEqual(heights);
  });
});

describe("model", () => {
  test("an arrow begins where it left and ends where it arrived (M1)", () => {
    const flow = detail();
    const model = buildModel(flow, 3e9);
    expect(model.arrows.length).toBe(3); // the two parts of C2 left as one
    for (const arrow of model.arrows) {
      const link = flow.links[arrow.link]!;
      expect(arrow.y0).toBe(model.scale.y(link.left));
      expect(arrow.yTo).toBe(model.scale.y(link.arrived!));
    }
  });

  test("a glued read has the colours of both messages, and shows where one was cut", () => {
    const flow = detail();
    const pieces = piecesByCall(flow);
    const reads = flow.calls.flatMap((c, n) => (c.op === "recv" && c.count ? [n] : []));
    const [glued, rest] = reads.map((n) => chipsOf(pieces.get(n)!));
    expect(glued!.map((c) => c.text)).toEqual(["C1", "C2[:3]"]);
    expect(new Set(glued!.map((c) => c.hue)).size).toBe(2);
    expect(glued![1]).toMatchObject({ cutStart: false, cutEnd: true });
    expect(rest!.map((c) => c.text)).toEqual(["C2[3:]"]);
    expect(rest![0]!.hue).toBe(glued![1]!.hue);
    expect(glued!.reduce((sum, c) => sum + c.share, 0)).toBeCloseTo(1);
  });

  test("bytes stand in the queue from their arrival to their read, side by side", () => {
    const model = buildModel(detail(), 3e9);
    expect(model.queues.map((q) => q.text).sort()).toEqual(["C1", "C2[3:]", "C2[:3]"]);
    expect(new Set(model.queues.map((q) => q.slot)).size).toBe(3);
    expect(model.queues.every((q) => q.side === 1)).toBe(true);
  });

  test("captured segments stand in place of inferred arrows (M2)", () => {
    const model = buildModel(long(10), 3e9);
    expect([...model.arrows].every((a) => a.proof === "captured" && a.segment >= 0)).toBe(true);
    expect(model.arrows.at(0).labels()[0]).toBe("C1 · PSH,ACK seq=1 len=1448");
    expect(model.arrows.at(0).hue).toBe(0);
  });

  test("segments in whatever order keep slope, room and order (L1, L2, L4, M3)", () => {
    const next = random(11);
    for (let turn = 0; turn < 30; turn++) {
      const flow = long(200);
      const unit = 10 ** (2 + 6 * next());
      for (const segment of flow.segments!) {
        segment.side = next() < 0.5 ? 0 : 1;
        segment.t = Math.floor(next() * 100 * unit);
        segment.arrived = next() < 0.1 ? null : segment.t + Math.floor(next() * 3 * unit);
      }
      const { arrows, scale } = buildModel(flow, 1e12);
      const all = [...arrows];
      expect(all.map((a) => a.segment).sort((a, b) => a - b)).toEqual(flow.segments!.map((_, n) => n));
      all.forEach((arrow, n) => {
        const segment = flow.segments![arrow.segment]!;
        expect([arrow.y0, arrow.y1]).toEqual([arrows.y0[n], arrows.y1[n]]);
        expect(arrow.y0).toBeGreaterThanOrEqual(all[n - 1]?.y0 ?? 0);
        expect(arrow.y0).toBe(scale.y(segment.t));
        if (segment.arrived !== null) {
          expect(arrow.y1).toBe(scale.y(segment.arrived));
          // One that arrived the moment it left has no slope.
          if (segment.arrived > segment.t) expect(arrow.y1 - arrow.y0).toBeGreaterThanOrEqual((arrow.plain ? 12 : 22) - 1e-6);
        }
      });
      for (const side of [0, 1]) {
        const stops = new Map<number, number>(); // height at a side -> room it asked for there
        for (const arrow of all) {
          const [left, arrived] = arrow.plain ? [12, 11] : [18, 15];
          if (arrow.side === side) stops.set(arrow.y0, Math.max(left, stops.get(arrow.y0) ?? 0));
          else if (flow.segments![arrow.segment]!.arrived !== null) stops.set(arrow.y1, Math.max(arrived, stops.get(arrow.y1) ?? 0));
        }
        const heights = [...stops.keys()].sort((a, b) => a - b);
        for (let n = 1; n < heights.length; n++) expect(heights[n]! - heights[n - 1]!).toBeGreaterThanOrEqual(stops.get(heights[n - 1]!)! - 1e-6);
      }
    }
  });

  test("what is dear is made only of what is looked at (M4)", () => {
    const flow = long(5000);
    let asked = 0;
    flow.segments!.forEach((segment) => {
      Object.defineProperty(segment, "note", { get: () => (asked++, "") });
    });
    const { arrows } = buildModel(flow, 3e9);
    expect([arrows.length, asked]).toEqual([5000, 0]);
    new Window(arrows).between(0, 500);
    expect(asked).toBeGreaterThan(0);
    expect(asked).toBeLessThan(60);
  });

  test("a part of a message is named like a slice", () => {
    const message = { side: 1, number: 3, start: 10, end: 20, call: null, label: "" };
    expect(pieceName({ message, start: 12, end: 15, link: null })).toBe("S3[2:5]");
    expect(pieceName({ message, start: 10, end: 20, link: null })).toBe("S3");
  });
});

describe("order", () => {
  test("is that of a sort, equal values in order of number (N1, N2)", () => {
    const next = random(5);
    for (let turn = 0; turn < 40; turn++) {
      const count = Math.floor(next() * 3000);
      const run = 1 + Math.floor(next() * 1200); // stretches that are in order already
      const values = Float64Array.from({ length: count }, (_, n) => (turn % 4 ? n % run : 0) + Math.floor(next() * 3));
      const numbers = numbersBelow(count).filter(() => next() < 0.9);
      const wanted = [...numbers].sort((a, b) => values[a]! - values[b]! || a - b);
      const order = inOrder(numbers, values);
      expect([...order]).toEqual(wanted);
      expect([...arranged(values, order)]).toEqual(wanted.map((n) => values[n]!));
    }
  });
});

describe("window", () => {
  test("finds exactly what a search of all would find", () => {
    const next = random(3);
    const items = Array.from({ length: 3000 }, () => {
      const y0 = next() * 10_000;
      return { y0, y1: y0 + (next() < 0.01 ? 5000 : 20) };
    }).sort((a, b) => a.y0 - b.y0);
    const window = new Window(items);
    for (let turn = 0; turn < 40; turn++) {
      const top = next() * 12_000 - 1000;
      expect(window.between(top, top + 300)).toEqual(items.filter((i) => i.y1 >= top && i.y0 <= top + 300));
    }
  });

  test("nothing is found in an empty list", () => {
    expect(new Window([]).between(0, 100)).toEqual([]);
  });
});
