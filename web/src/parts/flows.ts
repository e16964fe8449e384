// The list of flows with a filter; flows that did the same are folded to one row.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { duration, grouped } from "../format";
import type { FlowRow } from "../types";
import { t } from "../words";

const SHOWN = 200;

export interface Group {
  rows: FlowRow[];
}

/** Neighbours between the same programs that moved as many messages and found nothing. */
export function foldFlows(rows: FlowRow[]): Group[] {
  const groups = new Map<string, Group>();
  rows.forEach((row) => {
    const alone = row.findings.length ? row.number : "";
    const key = [row.kind, row.client.name, row.server.name, row.messages, row.closed === null, row.failed, alone].join("|");
    const group = groups.get(key);
    if (group) group.rows.push(row);
    else groups.set(key, { rows: [row] });
  });
  return [...groups.values()];
}

export function matches(row: FlowRow, filter: string): boolean {
  const text = `${row.kind} ${row.client.name} ${row.client.address} ${row.server.name} ${row.server.address} ${row.failed !== null ? `failed ${row.failed}` : row.closed === null ? "open" : "closed"} ${row.findings.length ? "finding" : ""}`.toLowerCase();
  return filter.toLowerCase().split(/\s+/).every((word) => text.includes(word));
}

export function flows(app: App): TemplateResult {
  const rows = app.page.flows.filter((row) => matches(row, app.filter));
  const groups = app.unfolded ? rows.map((row) => ({ rows: [row] })) : foldFlows(rows);
  return html`<div class="pad">
    <label>${t("Filter")} <input type="search" .value=${app.filter} placeholder="open 8081 finding" @input=${(e: Event) => app.setFilter((e.target as HTMLInputElement).value)} /></label>
    <label><input type="checkbox" .checked=${!app.unfolded} @change=${() => app.toggleFold()} /> ${t("fold what is alike")}</label>
    <span class="dim" aria-live="polite">${t("{count} of {total} flows", { count: grouped(rows.length), total: grouped(app.page.flows.length) })}</span></div>
  <div class="scroll-x"><table><thead><tr><th>${t("flow")}</th><th>${t("client")}</th><th>${t("server")}</th><th>${app.page.foreign ? t("packets") : t("messages")}</th><th>${t("bytes there / back")}</th><th>${t("lasted")}</th><th>${t("findings")}</th></tr></thead>
    <tbody>${groups.slice(0, SHOWN).map((group) => line(app, group))}</tbody></table></div>
  ${groups.length > SHOWN ? html`<p class="dim pad">${t("{count} more are not shown", { count: groups.length - SHOWN })}</p>` : nothing}`;
}

function line(app: App, group: Group): TemplateResult {
  const row = group.rows[0]!;
  const count = group.rows.length;
  const failed = row.failed !== null;
  const findings = row.findings.map((n) => app.page.findings[n]?.rule).join(", ");
  return html`<tr class=${row.number === app.flow ? "chosen" : ""}>
    <td><button @click=${() => app.openFlow(row.number)} aria-current=${row.number === app.flow ? "true" : nothing}>${failed ? t("attempt") : `${row.kind} ${row.number}`}</button>${count > 1 ? html` <b class="times">× ${grouped(count)}</b>` : nothing}</td>
    <td>${name(app, row.client)} <span class="dim">${row.client.address}</span></td>
    <td>${failed ? t("nobody") : name(app, row.server)} <span class="dim">${row.server.address}</span></td>
    <td class="num">${grouped(app.page.foreign ? row.segments : row.messages)}</td><td class="num">${grouped(row.there)} / ${grouped(row.back)}</td>
    <td class="num">${row.closed === null ? t("still open") : duration(row.closed - row.opened)}</td>
    <td>${failed ? html`<span class="failed">${row.failed || t("failed")}</span> ` : nothing}${findings}</td></tr>`;
}

function name(app: App, end: FlowRow["client"]): string {
  return end.name || (app.page.foreign ? "" : t("not observed"));
}
