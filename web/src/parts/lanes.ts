// Swimlanes: processes, threads and tasks over time; blocked time is hatched. Idle time is
// folded as in the ladder.
import { html, svg, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { isWait, shortOp } from "../calls";
import { duration } from "../format";
import { buildScale, Stops } from "../scale";
import type { Lane, Wait } from "../types";
import { t } from "../words";

const FEW = 12; // lanes; between so few there is room for the arrows' heads
const WIDEST = 5000;
const LEFT = 210;

interface Grid {
  row: number; // pixels from lane to lane
  bar: number; // of a span's height
  x(time: number): number;
}

export function lanes(app: App): TemplateResult {
  const { page } = app;
  const all = page.lanes;
  const shown = all.slice(0, 120);
  const stops = new Stops();
  for (const lane of shown) for (const [t0, t1] of lane.spans) [t0, t1 < 0 ? page.ended : t1].forEach((time) => stops.push(time, -1, 0));
  const scale = buildScale(stops, 8);
  const [row, bar] = shown.length <= FEW ? [48, 24] : [24, 17];
  const wanted = Math.max(1, scale.height);
  const stretch = Math.min(Math.max(1, 1100 / wanted), WIDEST / wanted);
  const x = (time: number) => LEFT + scale.y(time) * stretch;
  const grid: Grid = { row, bar, x };
  const width = LEFT + scale.height * stretch + 20;
  const height = shown.length * row + 34;
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label=${t("Swimlanes")}><svg class="lanes" width=${width} height=${height} role="img" aria-label=${t("Calls of every thread and task over time; waiting is hatched")}>
    <defs><pattern id="pw-lane-wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="wait-ground"></rect><rect width="2.5" height="6" class="wait-stripe"></rect></pattern>
      <marker id="pw-lane-head" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="7" markerHeight="7" orient="auto"><path d="M0 0L10 5L0 10Z" class="lane-head"></path></marker>
      <marker id="pw-lane-stuck" viewBox="0 0 10 10" refX="9" refY="5" markerWidth="8" markerHeight="8" orient="auto"><path d="M1 1L9 5L1 9" class="lane-stuck-head"></path></marker></defs>
    ${scale.folds.map((fold) => svg`<g class="lane-fold"><rect x=${x(fold.t0)} y="0" width=${x(fold.t1) - x(fold.t0)} height=${height - 20}></rect><text x=${(x(fold.t0) + x(fold.t1)) / 2} y=${height - 6} text-anchor="middle">${duration(fold.t1 - fold.t0)}</text></g>`)}
    ${shown.map((lane, at) => laneRow(app, lane, at * row + 4, grid))}
    ${page.waits.filter((wait) => wait.lane < shown.length && wait.by < shown.length).map((wait) => waitLine(app, wait, grid))}
  </svg></div><p class="dim pad">${t("An arrow leads from the call that ended a wait to its end.")} ${t("A dashed one leads from a wait without end to whoever could end it.")}</p>${all.length > shown.length ? html`<p class="dim pad">${t("{count} more are not shown", { count: all.length - shown.length })}</p>` : nothing}`;
}

function laneRow(app: App, lane: Lane, y: number, { bar, x }: Grid): unknown {
  const name = `${app.page.processes[lane.process]?.name ?? "?"} · ${lane.name}`;
  return svg`<g><text x="4" y=${y + bar / 2 + 4} class="lane-name">${name.length > 32 ? `…${name.slice(-31)}` : name}<title>${name}</title></text>
    ${lane.spans.map(([t0, t1, op, line, flow]) => {
      const end = t1 < 0 ? app.page.ended : t1;
      const where = app.page.lines[line];
      const title = `${shortOp(op)} ${where ? `${app.page.sources[where.source]?.name}:${where.line}` : ""} · ${duration(end - t0)}${t1 < 0 ? ` · ${t("has not returned")}` : ""}`;
      const wide = Math.max(3, x(end) - x(t0));
      return svg`<g class="lane-span" @click=${() => flow >= 0 && app.openFlow(flow, { time: t0 })}><rect x=${x(t0)} y=${y} width=${wide} height=${bar} rx="2" class=${t1 < 0 ? "open" : isWait(op) ? "wait" : "busy"}></rect>${wide > 46 ? svg`<text x=${x(t0) + 4} y=${y + bar / 2 + 4}>${shortOp(op)}${where ? ` :${where.line}` : ""}</text>` : nothing}<title>${title}</title></g>`;
    })}</g>`;
}

/** Who waits for whom: from the waking call to the end of the wait, or, dashed, from a wait without end. */
function waitLine(app: App, wait: Wait, { row, bar, x }: Grid): unknown {
  const stuck = wait.t1 < 0;
  const [from, to] = stuck ? [wait.lane, wait.by] : [wait.by, wait.lane];
  const down = to > from;
  const edge = (lane: number, lower: boolean) => lane * row + 4 + (lower ? bar : 0);
  const nudge = stuck ? (wait.lane % 2 ? 14 : 28) : 0; // two that wait for each other: two arrows
  const x0 = stuck ? x(app.page.ended) - nudge : x(wait.at);
  const x1 = stuck ? x0 : x(wait.t1);
  const name = (lane: number) => app.page.lanes[lane]?.name ?? "?";
  const who = (lane: number) => `${app.page.processes[app.page.lanes[lane]?.process ?? -1]?.name ?? "?"} ${name(lane)}`;
  const title = stuck ? t("{who} waits for {whom}", { who: who(wait.lane), whom: who(wait.by) }) : t("{who} was woken by {whom}", { who: who(wait.lane), whom: who(wait.by) });
  return svg`<g class="lane-wait ${stuck ? "stuck" : ""}"><line x1=${x0} y1=${edge(from, down)} x2=${x1} y2=${edge(to, !down)} marker-end=${stuck ? "url(#pw-lane-stuck)" : "url(#pw-lane-head)"}></line><title>${title}</title></g>`;
}
