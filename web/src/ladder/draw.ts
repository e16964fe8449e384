// The marks of a stretch of a ladder as SVG nodes. Knows x, colours and shapes; no state.
//
// Nothing is told by colour alone: a message carries its name, a captured arrow is solid
// with a filled head, an inferred one dashed with an open head, a synthetic one dotted, a
// lost one ends in a cross, a repeated one is doubled.
import { duration } from "../format";
import { n, t } from "../words";
import type { Arrow, Band, Bar, Fold, Mark, Note, Queue, TimeMark } from "./model";

const NS = "http://www.w3.org/2000/svg";
const LABEL = 128; // room for the calls' labels beside each lifeline
const TIME = 40; // and for the times, at the left edge
const BAND = LABEL + 3;
const LINE = LABEL + 24;
const SLOT = 9;

type Attributes = Record<string, string | number>;

export function s(name: string, attributes: Attributes = {}, ...children: (Node | string)[]): SVGElement {
  const node = document.createElementNS(NS, name);
  for (const key in attributes) node.setAttribute(key, String(attributes[key]));
  node.append(...children);
  return node;
}

export class Geometry {
  constructor(readonly width: number) {}

  /** `inward` pixels from a side's outer edge; the times stand left of the client's. */
  x(side: 0 | 1, inward: number): number {
    return side === 0 ? TIME + inward : this.width - inward;
  }

  line(side: 0 | 1): number {
    return this.x(side, LINE);
  }

  /** A box that begins `inward` from the side's edge. */
  box(side: 0 | 1, inward: number, width: number): number {
    return side === 0 ? TIME + inward : this.width - inward - width;
  }
}

export function defs(): SVGElement {
  const hatch = s("pattern", { id: "pw-wait", width: 6, height: 6, patternUnits: "userSpaceOnUse", patternTransform: "rotate(45)" },
    s("rect", { width: 6, height: 6, class: "wait-ground" }), s("rect", { width: 2.5, height: 6, class: "wait-stripe" }));
  const nodes: Node[] = [hatch];
  for (let hue = -1; hue < 8; hue++) {
    const shape = { viewBox: "0 0 10 10", refX: 9, refY: 5, markerWidth: 8, markerHeight: 8, orient: "auto-start-reverse", markerUnits: "userSpaceOnUse" };
    const cls = hue < 0 ? "plain" : `hue-${hue}`;
    nodes.push(s("marker", { ...shape, id: `pw-full${hue}` }, s("path", { d: "M0 0L10 5L0 10Z", class: `head ${cls}` })));
    nodes.push(s("marker", { ...shape, id: `pw-open${hue}` }, s("path", { d: "M1 1L9 5L1 9", class: `head-open ${cls}` })));
  }
  return s("defs", {}, ...nodes);
}

const PROOFS: Partial<Record<Band["proof"], string>> = { captured: n("captured"), kernel: n("told by the kernel"), inferred: n("inferred") };

export interface Picked {
  call: number;
  link: number;
  segment: number;
}

export function drawBands(bands: Band[], g: Geometry, top: number, bottom: number): SVGElement {
  const group = s("g", { class: "bands" });
  for (const band of bands) {
    const y0 = Math.max(band.y0, top - 400);
    const y1 = Math.min(band.y1, bottom + 400);
    const height = Math.max(1, y1 - y0);
    const box = s("g", { class: `band ${band.proof}`, "data-state": band.name, "data-side": band.side },
      s("rect", { x: g.box(band.side, BAND, 12), y: y0, width: 12, height, class: `state state-${band.name}` }),
      s("title", {}, `${band.name} · ${PROOFS[band.proof] ? t(PROOFS[band.proof]!) : ""}`));
    if (height > 74) {
      const x = g.x(band.side, BAND + 6);
      for (let y = Math.max(y0, top) + 40; y < y1 - 30; y += 420) {
        box.append(s("text", { x, y, transform: `rotate(-90 ${x} ${y})`, class: "state-name" }, band.name));
      }
    }
    group.append(box);
  }
  return group;
}

export function drawLines(g: Geometry, top: number, bottom: number): SVGElement {
  return s("g", { class: "lifelines" },
    s("line", { x1: g.line(0), x2: g.line(0), y1: top, y2: bottom }), s("line", { x1: g.line(1), x2: g.line(1), y1: top, y2: bottom }));
}

export function drawBar(bar: Bar, g: Geometry, now: number): SVGElement {
  const current = bar.call === now ? " now" : "";
  return s("rect", { x: g.line(bar.side) - 4, y: bar.y0, width: 8, height: bar.y1 - bar.y0, rx: 2, class: `bar ${bar.kind}${current}`, "data-call": bar.call });
}

export function drawQueue(q: Queue, g: Geometry): SVGElement {
  const height = Math.max(3, q.y1 - q.y0);
  const inward = LINE + 7 + q.slot * SLOT;
  const node = s("g", { class: `queue hue-${q.hue}`, "data-queue": q.link },
    s("rect", { x: g.box(q.side, inward, SLOT - 2), y: q.y0, width: SLOT - 2, height, rx: 2 }),
    s("title", {}, t("{name} waits in the receive queue", { name: q.text })));
  if (height > 34) {
    const x = g.box(q.side, inward, SLOT - 2) + 3.5;
    node.append(s("text", { x, y: q.y0 + 12, transform: `rotate(90 ${x} ${q.y0 + 12})`, class: "queue-name" }, q.text));
  }
  return node;
}

const CHARACTER = 6.7; // of the labels' font

function fitting(labels: string[], room: number): string {
  return labels.find((label) => label.length * CHARACTER <= room) ?? labels.at(-1)!;
}

export function drawArrow(a: Arrow, g: Geometry, picked: Picked): SVGElement {
  const from = g.line(a.side) + (a.side === 0 ? 6 : -6);
  let to = g.line(a.side === 0 ? 1 : 0) + (a.side === 0 ? -6 : 6);
  const yFrom = a.yTo === a.y0 ? a.y1 : a.y0;
  const lost = a.note === "lost" || a.note === "unarrived";
  if (lost) to = (from + to * 2) / 3;
  const flat = Math.abs(a.yTo - yFrom) < 3 ? 3 : 0; // a slope of nothing would look like no direction
  const yTo = a.yTo + flat;
  const style = a.proof === "captured" || a.proof === "call" ? "full" : "open";
  const hue = a.hue < 0 ? "plain" : `hue-${a.hue}`;
  const now = (a.link >= 0 && a.link === picked.link) || (a.segment >= 0 && a.segment === picked.segment) ? " now" : "";
  const labels = a.labels();
  const node = s("g", {
    class: `arrow ${hue} ${a.proof} ${a.note} kind-${a.kind}${a.plain ? " plain-ack" : ""}${now}`, "data-link": a.link, "data-segment": a.segment,
    "data-y0": yFrom.toFixed(1), "data-y1": a.yTo.toFixed(1), "data-side": a.side, role: "listitem", "aria-label": labels[0]!,
  });
  node.append(s("line", { x1: from, y1: yFrom, x2: to, y2: yTo, class: "hit" }));
  const line: Attributes = { x1: from, y1: yFrom, x2: to, y2: yTo, class: "shaft" };
  if (!lost) line["marker-end"] = `url(#pw-${style}${a.hue})`;
  if (a.note === "retransmitted") node.append(s("line", { ...line, class: "shaft double" }));
  node.append(s("line", line));
  if (lost) node.append(s("path", { d: `M${to - 5} ${yTo - 5}l10 10m0 -10l-10 10`, class: "cross" }));
  const x = (from + to) / 2;
  const y = (yFrom + yTo) / 2 - 4;
  const angle = (Math.atan2(yTo - yFrom, to - from) * 180) / Math.PI;
  const turn = angle > 90 ? angle - 180 : angle < -90 ? angle + 180 : angle;
  const again = a.note === "retransmitted" ? ` · ${t("again")}` : "";
  node.append(s("text", { x, y, transform: `rotate(${turn.toFixed(2)} ${x} ${y})`, class: "arrow-label" }, fitting(labels, Math.abs(to - from) - 26 - again.length * CHARACTER) + again));
  return node;
}

/** Who sent a segment that no line of code sent: the kernel, because of a line, or an exit. */
export function drawNote(note: Note, g: Geometry, lines: (call: number) => string): SVGElement {
  const anchor = note.side === 0 ? "end" : "start";
  const label = s("text", { x: g.x(note.side, LABEL - 3), y: note.y0 + 12, "text-anchor": anchor, class: "note-text", "data-segment": note.segment },
    note.by === "exit" ? t("process ends") : t("kernel"));
  const line = note.call >= 0 ? lines(note.call) : "";
  if (line && REASONS.has(note.why)) label.append(s("tspan", { class: "mark-line", dx: 4 }, `(${note.why === "handshake" ? "connect" : note.why} ${line})`));
  return label;
}

const REASONS = new Set(["listen", "handshake", "late"]);

export function drawMark(mark: Mark, g: Geometry, lines: (call: number) => string, now: number): SVGElement {
  const y = mark.y0 + 12;
  const classes = `mark${mark.open ? " open" : ""}${mark.failed ? " failed" : ""}${mark.call === now ? " now" : ""}`;
  const node = s("g", { class: classes, "data-call": mark.call, "data-y": y.toFixed(1), role: "listitem" });
  const anchor = mark.side === 0 ? "end" : "start";
  const line = lines(mark.call);
  const text = mark.open ? `${t("waits")}: ${mark.text}` : mark.text;
  const label = s("text", { x: g.x(mark.side, LABEL - 3), y: y + 4, "text-anchor": anchor, class: "mark-text" }, text);
  if (line) label.append(s("tspan", { class: "mark-line", dx: 4 }, line));
  node.append(label);
  if (mark.chips.length) node.append(drawChips(mark, g, y + 8));
  return node;
}

function drawChips(mark: Mark, g: Geometry, y: number): SVGElement {
  const shown = mark.chips.slice(0, 6);
  const more = mark.chips.length - shown.length;
  const each = Math.min(58, Math.max(18, 108 / shown.length));
  const width = each * shown.length;
  let x = g.box(mark.side, LABEL - 3 - width, width);
  const group = s("g", { class: "chips", "data-chips": mark.chips.length });
  for (const chip of shown) {
    // A cut message has a torn edge, so that it is seen without its colour.
    const left = chip.cutStart ? `l3 3l-3 3l3 3l-3 3` : "v12";
    const right = chip.cutEnd ? `l-3 -3l3 -3l-3 -3l3 -3` : "v-12";
    group.append(s("path", { d: `M${x} ${y}${left}h${each - 1}${right}Z`, class: `chip hue-${chip.hue}` }));
    const room = Math.floor((each - 2) / 5.6);
    const text = chip.text.length > room ? chip.text.slice(0, Math.max(2, room)) : chip.text;
    group.append(s("text", { x: x + each / 2 - 0.5, y: y + 9.5, class: "chip-text" }, text));
    x += each;
  }
  if (more) group.append(s("text", { x: x + (mark.side === 0 ? -width - 4 : 4), y: y + 9.5, class: "mark-line", "text-anchor": mark.side === 0 ? "end" : "start" }, `+${more}`));
  return group;
}

export function drawFolds(folds: Fold[], g: Geometry, label: (fold: Fold) => string): SVGElement {
  const group = s("g", { class: "folds" });
  const from = g.line(0) + 40;
  const to = g.line(1) - 40;
  for (const fold of folds) {
    const y = (fold.y0 + fold.y1) / 2;
    let d = `M${from} ${y}`;
    for (let x = from; x < to - 10; x += 10) d += `l5 -4l5 4`;
    const text = fold.repeat ? label(fold) : `${duration(fold.t1 - fold.t0)} · ${label(fold)}`;
    const width = 24 + [...text].reduce((sum, c) => sum + (c > "\u2e80" ? 12.5 : 6.9), 0);
    group.append(s("g", { class: `fold${fold.repeat ? " repeat" : ""}`, "data-fold": fold.t0, "data-ns": Math.round(fold.t1 - fold.t0) }, s("path", { d, class: "zigzag" }),
      s("rect", { x: (from + to - width) / 2, y: y - 11, width, height: 20, rx: 10, class: "fold-ground" }),
      s("text", { x: (from + to) / 2, y: y + 3.5, class: "fold-text" }, text)));
  }
  return group;
}

export function drawTime(time: TimeMark): SVGElement {
  return s("text", { x: 4, y: time.y0 + 8, class: "time" }, time.first ? duration(0) : `+${duration(time.ns)}`);
}
