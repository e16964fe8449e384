// Swimlanes: processes, threads and tasks over time; blocked time is hatched. Idle time is
// folded as in the ladder.
import { html, svg, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { isWait, shortOp } from "../calls";
import { duration } from "../format";
import { buildScale } from "../scale";
import type { Lane } from "../types";
import { t } from "../words";

const ROW = 26;
const LEFT = 210;

export function lanes(app: App): TemplateResult {
  const { page } = app;
  const all = page.lanes;
  const shown = all.slice(0, 120);
  const scale = buildScale(shown.flatMap((lane) => lane.spans.flatMap(([t0, t1]) => [{ t: t0, side: -1 as const, room: 0 }, { t: t1 < 0 ? page.ended : t1, side: -1 as const, room: 0 }])), 8);
  const stretch = Math.max(1, 900 / Math.max(1, scale.height));
  const x = (time: number) => LEFT + scale.y(time) * stretch;
  const width = LEFT + scale.height * stretch + 20;
  const height = shown.length * ROW + 34;
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label=${t("Swimlanes")}><svg class="lanes" width=${width} height=${height} role="img" aria-label=${t("Calls of every thread and task over time; waiting is hatched")}>
    <defs><pattern id="pw-lane-wait" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)"><rect width="6" height="6" class="wait-ground"></rect><rect width="2.5" height="6" class="wait-stripe"></rect></pattern></defs>
    ${scale.folds.map((fold) => svg`<g class="lane-fold"><rect x=${x(fold.t0)} y="0" width=${x(fold.t1) - x(fold.t0)} height=${height - 20}></rect><text x=${(x(fold.t0) + x(fold.t1)) / 2} y=${height - 6} text-anchor="middle">${duration(fold.t1 - fold.t0)}</text></g>`)}
    ${shown.map((lane, row) => laneRow(app, lane, row * ROW + 4, x))}
  </svg></div>${all.length > shown.length ? html`<p class="dim pad">${t("{count} more are not shown", { count: all.length - shown.length })}</p>` : nothing}`;
}

function laneRow(app: App, lane: Lane, y: number, x: (time: number) => number): unknown {
  const name = `${app.page.processes[lane.process]?.name ?? "?"} · ${lane.name}`;
  return svg`<g><text x="4" y=${y + 15} class="lane-name">${name.length > 32 ? `…${name.slice(-31)}` : name}<title>${name}</title></text>
    ${lane.spans.map(([t0, t1, op, line, flow]) => {
      const end = t1 < 0 ? app.page.ended : t1;
      const where = app.page.lines[line];
      const title = `${shortOp(op)} ${where ? `${app.page.sources[where.source]?.name}:${where.line}` : ""} · ${duration(end - t0)}${t1 < 0 ? ` · ${t("has not returned")}` : ""}`;
      const wide = Math.max(3, x(end) - x(t0));
      return svg`<g class="lane-span" @click=${() => flow >= 0 && app.openFlow(flow, t0)}><rect x=${x(t0)} y=${y} width=${wide} height=${ROW - 8} rx="2" class=${t1 < 0 ? "open" : isWait(op) ? "wait" : "busy"}></rect>${wide > 46 ? svg`<text x=${x(t0) + 4} y=${y + 13}>${shortOp(op)}${where ? ` :${where.line}` : ""}</text>` : nothing}<title>${title}</title></g>`;
    })}</g>`;
}
