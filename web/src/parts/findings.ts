// Every finding with its evidence, its fix and the moment at which it stood.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { moment } from "../format";
import type { Edit } from "../types";
import { n, say, t } from "../words";
import { lineLink, said } from "./said";

export function findings(app: App): TemplateResult {
  const { page } = app;
  if (!page.findings.length) return html`<p class="pad">${t("Nothing wrong was seen.")} ${say(page.story)}</p>`;
  return html`<div class="cards">
    ${page.findings.map((finding, number) => html`<article class="card ${finding.patch.length ? "with-diff" : ""}" data-rule=${finding.rule}><div>
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
        <code class="dim">plainwire explain ${finding.rule}</code></p></div>
      ${finding.patch.length ? html`<div class="diffs">${diff(app, finding.patch)}</div>` : nothing}
    </article>`)}
  </div>`;
}

/** The fix as a diff of the files it changes, each change with a line before and behind it. */
function diff(app: App, patch: Edit[]): TemplateResult | typeof nothing {
  if (!patch.length) return nothing;
  const sources = [...new Set(patch.map((edit) => edit.source))];
  return html`${sources.map((number) => {
    const source = app.page.sources[number];
    const lines = (source?.text ?? "").split("\n");
    const row = (sign: string, text: string, kind: string) => html`<span class="diff-line ${kind}">${sign} ${text}\n</span>`;
    return html`<pre class="diff" tabindex="0" aria-label=${t("changes in {name}", { name: source?.name ?? "?" })}><span class="diff-line diff-head">${source?.name}\n</span>${patch.filter((edit) => edit.source === number).map((edit) => {
      const behind = lines[edit.line - 1 + edit.removed.length];
      return html`<span class="diff-line diff-head">@@ ${edit.line}\n</span>${edit.line > 1 ? row(" ", lines[edit.line - 2] ?? "", "") : nothing}${edit.removed.map((text) => row("-", text, "diff-removed"))}${edit.added.map((text) => row("+", text, "diff-added"))}${behind !== undefined ? row(" ", behind, "") : nothing}`;
    })}</pre>`;
  })}`;
}

const ROLES: Record<string, string> = {
  waits: n("waits"), sends: n("sends"), reads: n("reads"), closes: n("closes"), connects: n("connects"), accepts: n("accepts"), binds: n("binds"), raises: n("raises"),
};
