// Every finding with its evidence, its fix and the moment at which it stood.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { moment } from "../format";
import { n, say, t } from "../words";
import { lineLink, said } from "./said";

export function findings(app: App): TemplateResult {
  const { page } = app;
  if (!page.findings.length) return html`<p class="pad">${t("Nothing wrong was seen.")} ${say(page.story)}</p>`;
  return html`<div class="cards">
    ${page.findings.map((finding, number) => html`<article class="card" data-rule=${finding.rule}>
      <h3><span class="badge ${finding.certainty}">${finding.certainty === "certain" ? `✗ ${t("Certain")}` : `? ${t("Likely")}`}</span> ${finding.rule}</h3>
      <p>${said(app, say(finding.message))}</p>
      <h4>${t("Lines")}</h4>
      <ul>${finding.places.map((place) => {
        const line = page.lines[place.line];
        return line ? html`<li>${lineLink(app, page.sources[line.source]?.name ?? "?", line.line)} ${t(ROLES[place.role] ?? place.role)} <span class="dim">${place.process}</span></li>` : nothing;
      })}</ul>
      <h4>${t("Evidence")}</h4>
      <ul>${finding.evidence.map((fact) => html`<li>${said(app, say(fact.text))}
        ${fact.t !== null ? html`<span class="dim">${moment(fact.t)}</span>` : nothing}
        ${fact.offset !== null ? html`<span class="dim">${t("from byte {offset}", { offset: fact.offset })}</span>` : nothing}</li>`)}</ul>
      <h4>${t("What would fix it")}</h4>
      <p class="fix">${said(app, say(finding.fix))}</p>
      <p><button @click=${() => app.goToFinding(number)}>${t("show the moment")}</button>
        <code class="dim">plainwire explain ${finding.rule}</code></p>
    </article>`)}
  </div>`;
}

const ROLES: Record<string, string> = {
  waits: n("waits"), sends: n("sends"), reads: n("reads"), closes: n("closes"), connects: n("connects"), accepts: n("accepts"), binds: n("binds"), raises: n("raises"),
};
