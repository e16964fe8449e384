// Byte curves of a direction over time: written, sent, acknowledged, in the other side's
// kernel, read. The bands between them are send buffer, flight and unread.
import uPlot from "uplot";
import "uplot/dist/uPlot.min.css";
import { html, type TemplateResult } from "lit";
import { ref } from "lit/directives/ref.js";
import type { App } from "../app";
import type { Detail } from "../types";
import { n, t } from "../words";

export interface Curve {
  name: string;
  points: [number, number][]; // time, bytes so far
}

/** The curves that are known: without packets `sent` and `acknowledged` are not. */
export function curvesOf(detail: Detail, side: number): Curve[] {
  const links = detail.links.filter((link) => link.side === side && link.message !== null);
  const cumulative = (entries: { t: number | null; size: number }[]): [number, number][] => {
    let sum = 0;
    return entries.filter((e): e is { t: number; size: number } => e.t !== null).sort((a, b) => a.t - b.t).map((e) => [e.t, (sum += e.size)]);
  };
  const size = (link: { start: number; end: number }) => link.end - link.start;
  const told = detail.total > 0; // without calls nobody knows what was written and read
  const curves: Curve[] = !told ? [] : [{ name: n("written by the program"), points: cumulative(links.map((l) => ({ t: l.left, size: size(l) }))) }];
  if (detail.segments) {
    const highest = (pick: (s: NonNullable<Detail["segments"]>[number]) => number | null): [number, number][] => {
      let top = 0;
      return detail.segments!.flatMap((s) => {
        const value = pick(s);
        return value !== null && value > top ? [[s.t, (top = value)] as [number, number]] : [];
      });
    };
    // SYN and FIN take a number each, but are no bytes.
    const whole = detail.segments.reduce((most, s) => (s.side === side && s.end > s.start ? Math.max(most, s.end) : most), 0);
    curves.push({ name: n("sent"), points: highest((s) => (s.side === side ? Math.min(s.end, whole) : null)) });
    curves.push({ name: n("acknowledged"), points: highest((s) => (s.side !== side && s.ack !== null ? Math.min(s.ack, whole) : null)) });
  }
  if (!told) return curves;
  curves.push({ name: n("in the other side's kernel"), points: cumulative(links.map((l) => ({ t: l.arrived, size: size(l) }))) });
  curves.push({ name: n("read by the program"), points: cumulative(links.map((l) => ({ t: l.landed, size: size(l) }))) });
  return curves;
}

/** Curves as one table on common times, stepped, as uPlot wants it. */
export function table(curves: Curve[]): number[][] {
  const moved = [...new Set(curves.flatMap((c) => c.points.map((p) => p[0])))].sort((a, b) => a - b);
  const rest = Math.max(1000, ((moved.at(-1) ?? 0) - (moved[0] ?? 0)) * 0.1); // a little of the level at both sides
  const times = moved.length ? [moved[0]! - rest, ...moved, moved.at(-1)! + rest] : [0];
  const first = moved[0] ?? 0;
  const columns = curves.map((curve) => {
    let at = 0;
    let value = 0;
    return times.map((time) => {
      while (at < curve.points.length && curve.points[at]![0] <= time) value = curve.points[at++]![1];
      return value;
    });
  });
  return [times.map((time) => (time - first) / 1e9), ...columns];
}

const DASHES = [[], [8, 4], [2, 3], [10, 3, 2, 3], [5, 5]];

export function curves(app: App): TemplateResult {
  const view = app.view;
  if (!view) return html`<p class="pad">${t("No flow.")}</p>`;
  const note = view.detail.segments ? "" : t("No packets were captured: what was sent and acknowledged is unknown, arrival is inferred.");
  return html`<div class="curves">${[0, 1].map((side) => html`<figure><figcaption>${side === 0 ? t("client to server") : t("server to client")}</figcaption>
    <div class="plot" ${ref((element) => element && requestAnimationFrame(() => draw(element as HTMLElement, app, side)))}></div></figure>`)}</div><p class="dim pad">${note}</p>`;
}

const plots = new WeakMap<HTMLElement, uPlot>();

function draw(element: HTMLElement, app: App, side: number): void {
  plots.get(element)?.destroy();
  element.replaceChildren();
  if (!app.view || !element.isConnected) return;
  const found = curvesOf(app.view.detail, side);
  const style = getComputedStyle(document.documentElement);
  const colour = (name: string) => style.getPropertyValue(name).trim();
  const stepped = uPlot.paths.stepped!({ align: 1 });
  const axis = { stroke: colour("--ink"), grid: { stroke: colour("--rule") } };
  const plot = new uPlot(
    {
      width: Math.max(320, element.clientWidth), height: 240,
      scales: { x: { time: false } },
      axes: [{ ...axis, label: "s" }, { ...axis, label: t("bytes"), size: 70 }],
      series: [{ label: "s" }, ...found.map((curve, at) => ({ label: t(curve.name), stroke: colour(`--hue-${at}`), width: 2, dash: DASHES[at] ?? [], paths: stepped }))],
    },
    table(found) as uPlot.AlignedData,
    element,
  );
  plots.set(element, plot);
}
