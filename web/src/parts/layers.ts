// One captured segment opened layer by layer, beside the names of the OSI and TCP/IP models.
import { html, type TemplateResult } from "lit";
import type { App } from "../app";
import type { Field } from "../types";
import { t } from "../words";

const MODELS: Record<string, [string, string]> = {
  link: ["2 Data link", "Link"], network: ["3 Network", "Internet"], transport: ["4 Transport", "Transport"], payload: ["5–7 Session, presentation, application", "Application"],
};

export function layers(app: App): TemplateResult {
  const segments = app.view?.detail.segments;
  if (!segments) {
    return html`<div class="pad"><p>${t("No packets were captured in this run, so there is nothing to open layer by layer.")}</p>
      <p class="dim">${t("Handshake and arrivals are inferred from the calls, and drawn dashed.")}</p></div>`;
  }
  const segment = segments[Math.max(0, app.segment)];
  if (!segment) return html`<p class="pad">${t("Choose a segment in the ladder.")}</p>`;
  const groups = new Map<string, Field[]>();
  for (const field of segment.fields) groups.set(field.layer, [...(groups.get(field.layer) ?? []), field]);
  return html`<div class="cards">${[...groups].map(([layer, fields]) => html`<article class="card"><h3>${layer}</h3>
    <p class="dim">OSI: ${MODELS[layer]?.[0] ?? "–"} · TCP/IP: ${MODELS[layer]?.[1] ?? "–"}</p>
    <table><tbody>${fields.map((field) => html`<tr><th scope="row">${field.name}</th><td><code>${field.value}</code></td><td>${field.meaning}</td></tr>`)}</tbody></table></article>`)}</div>`;
}
