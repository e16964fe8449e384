// The lines between a source line and the place on the lifeline where its call stands, so
// that an arrow leaves at a line and lands at a line.
import type { App } from "./app";
import { s } from "./ladder/draw";

const MOST_FAINT = 40;

let asked = false;

export function connectors(app: App): void {
  if (asked) return;
  asked = true;
  requestAnimationFrame(() => {
    asked = false;
    draw(app);
  });
}

function draw(app: App): void {
  const svg = app.querySelector<SVGElement>(".connectors");
  const stage = app.querySelector<HTMLElement>(".stage");
  const ladder = app.ladder;
  if (!svg || !stage || !ladder || !app.view) return;
  const own = stage.getBoundingClientRect();
  const wire = ladder.scroller.getBoundingClientRect();
  const step = app.view.steps[app.step];
  const strong = new Set(strongCalls(app, step?.call ?? -1));
  const visible = ladder.visibleCalls();
  const shown = visible.length <= MOST_FAINT ? visible : visible.filter((call) => strong.has(call));
  const nodes: Node[] = [];
  for (const number of shown) {
    const anchor = ladder.anchor(number);
    const call = app.view.detail.calls[number];
    const line = call?.line == null ? undefined : app.page.lines[call.line];
    if (!anchor || !line || !call) continue;
    const from = lineEdge(app, anchor.side, line.source, line.line);
    if (!from) continue;
    const x0 = from.x - own.left;
    const y0 = from.y - own.top;
    const x1 = anchor.x + wire.left - own.left;
    const y1 = anchor.y + wire.top - own.top;
    const bend = (x1 - x0) * 0.55;
    const cls = strong.has(number) ? "strong" : "faint";
    nodes.push(s("path", { d: `M${x0} ${y0}C${x0 + bend} ${y0} ${x1 - bend} ${y1} ${x1} ${y1}`, class: cls, "data-call": number }));
    if (cls === "strong") nodes.push(s("circle", { cx: x0, cy: y0, r: 3.5, class: "strong-end" }));
  }
  svg.setAttribute("width", String(own.width));
  svg.setAttribute("height", String(own.height));
  svg.replaceChildren(...nodes);
}

/** The current call and the other end of what it sent or took. */
function strongCalls(app: App, call: number): number[] {
  const view = app.view!;
  const segment = view.detail.segments?.[app.segment];
  if (segment) {
    const behind = [segment.cause?.call, segment.seen?.call].filter((one) => one != null);
    return [...behind, ...segment.sends, ...segment.reads];
  }
  if (call < 0) return callsOfFinding(app);
  const found = [call];
  for (const link of view.detail.links) {
    if (link.leave === call && link.land !== null) found.push(link.land);
    if (link.land === call && link.leave !== null) found.push(link.leave);
  }
  return found;
}

/** The calls that a finding's lines made before its moment: of each line the last one. */
function callsOfFinding(app: App): number[] {
  const view = app.view!;
  const step = view.steps[app.step];
  const finding = app.page.findings[step?.finding ?? -1];
  if (!step || !finding) return view.facts.waits;
  const last = new Map<string, number>();
  const lines = new Set(finding.places.map((place) => place.line));
  view.detail.calls.forEach((one, number) => {
    if (one.t0 <= step.t && one.line !== null && lines.has(one.line)) last.set(`${one.side} ${one.line}`, number);
  });
  return [...last.values()];
}

function lineEdge(app: App, side: 0 | 1, source: number, line: number): { x: number; y: number } | null {
  const pane = app.querySelector<HTMLElement>(`.code.side-${side} .lines`);
  const row = pane?.querySelector<HTMLElement>(`.code-line[data-line="${line}"][data-source="${source}"]`);
  if (!pane || !row) return null;
  const box = row.getBoundingClientRect();
  const frame = pane.getBoundingClientRect();
  const y = box.top + Math.min(box.height, 20) / 2;
  if (y < frame.top || y > frame.bottom) return null;
  return { x: side === 0 ? frame.right : frame.left, y };
}
