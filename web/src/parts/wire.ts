// The wire between the two codes: its header, and the words for what its ladder folds.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { shortOp } from "../calls";
import { brief, grouped } from "../format";
import { lineText } from "../narrate";
import type { Fold } from "../scale";
import { momentAt, waitingIn } from "../steps";
import type { Detail } from "../types";
import { t } from "../words";

/** The ladder itself is put into `.wire-host` by the app, which keeps it. */
export function wire(app: App): TemplateResult {
  return html`<section class="wire" aria-label=${t("The wire: what went between the two")}>
    ${header(app)}
    <div class="wire-host"></div>
  </section>`;
}

/** The place of the whole ladder on paper, which is in no one's way on a screen. */
export function paper(app: App): TemplateResult {
  return html`<section class="paper" aria-hidden="true">${header(app)}<div class="printed"></div></section>`;
}

function header(app: App): TemplateResult {
  return html`<header><span class="who">${t("Wire")}</span> ${flowName(app)} <span class="legend">${legend(app.view?.detail ?? null)}</span></header>`;
}

function flowName(app: App): TemplateResult {
  const many = app.page.flows.length > 1;
  return html`<b>${app.row?.kind.toUpperCase() ?? ""}</b>
    ${many ? html`<button class="link" @click=${() => app.open("flows")}>${flowWords(app)}</button>` : nothing}`;
}

function flowWords(app: App): string {
  const at = app.page.flows.findIndex((row) => row.number === app.flow);
  if (app.row?.failed != null) return t("failed attempt, {number} of {count}", { number: at + 1, count: app.page.flows.length });
  return t("flow {number} of {count}", { number: at + 1, count: app.page.flows.length });
}

function legend(detail: Detail | null): TemplateResult {
  const proofs = new Set(detail?.links.map((link) => link.proof));
  if (detail?.segments?.length) proofs.add("captured").delete("call");
  const sample = (style: string, word: string) => html`<span><i class="sample ${style}"></i>${word}</span>`;
  return html`${proofs.has("captured") ? sample("full", t("captured")) : nothing}${proofs.has("call") ? sample("full", t("observed")) : nothing}${proofs.has("inferred") ? sample("open", t("inferred")) : nothing}`;
}

/** What happened, or did not, in a stretch that is folded. */
export function foldLabel(app: App, fold: Fold): string {
  if (fold.repeat) {
    const [there, back] = fold.repeat.bytes;
    return t("× {count}: the same again, {there} there, {back} back", { count: grouped(fold.repeat.count), there: brief(there), back: brief(back) });
  }
  const waits = app.view ? waitingIn(app.view.detail, fold.t0, fold.t1) : [];
  const [client, server] = waits;
  if (client && server) return t("both waiting");
  const unread = app.view ? momentAt(app.view.detail, fold.t0).unread.flat() : [];
  if (unread.length) return t("{size} unread", { size: brief(unread.reduce((sum, piece) => sum + piece.end - piece.start, 0)) });
  const one = client ?? server;
  if (one) return t("{where} waits in {op}", { where: lineText(app.page, one), op: shortOp(one.op) });
  return t("nothing on the wire");
}
