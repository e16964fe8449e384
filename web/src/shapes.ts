// JSON of a flow's details -> its objects, cheap to read. Pure but for what the engine learns.
//
// Engines keep an object's small whole numbers (below 2^30) otherwise than others. A time
// grows beyond that after a second: then every object that was made with a small one is made
// again when it is first read, which took longer than the ladder of a hundred thousand of
// them. So the engine is shown one of each kind with large times before it makes the rest.
// Nothing depends on it but speed; `tests/web/test_shapes.py` holds the names in order.
import type { Call, Link, Segment } from "./types";

const LATE = 2 ** 40 + 0.5;

const CALL: Call = { side: 0, op: "", line: null, process: 0, lane: "", t0: LATE, t1: LATE, count: LATE, asked: LATE, failure: null, ours: false };
const LINK: Link = { kind: "data", side: 0, left: LATE, arrived: LATE, landed: LATE, leave: null, land: null, message: null, start: LATE, end: LATE, proof: "call", packet: null };
const SEGMENT: Segment = {
  packet: 0, side: 0, t: LATE, arrived: LATE, flags: "", start: LATE, end: LATE, ack: LATE, window: 0, note: "", marks: [], sends: [], reads: [],
  acked_by: null, cause: null, seen: null,
};

/** Kept, because an engine forgets what nothing is like. */
export const SHOWN: unknown[] = [];

export function parsed(text: string): unknown {
  if (!SHOWN.length) SHOWN.push(JSON.parse(JSON.stringify([CALL, LINK, SEGMENT])));
  return JSON.parse(text);
}
