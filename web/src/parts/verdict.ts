// What is wrong, in words with lines that can be clicked; or what happened.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { isClose } from "../calls";
import type { Finding, Link } from "../types";
import { say, t } from "../words";
import { lineLink, said } from "./said";

const SHOWN = 2;

export function verdict(app: App): TemplateResult {
  const { page } = app;
  if (page.reading) {
    return html`<section class="verdict reading" aria-label=${t("Verdict")} aria-busy="true">
      <p class="told" role="status"><span class="badge">… ${t("Reading the recording")}</span> ${t("This is its beginning; the verdict follows when all of it is read.")}</p>
      ${facts(app)}
    </section>`;
  }
  if (!page.findings.length) {
    return html`<section class="verdict fine" aria-label=${t("Verdict")}>
      <p class="told"><span class="badge fine">✓ ${t("Nothing wrong was seen")}</span> ${said(app, say(page.story))}</p>
      ${facts(app)}
    </section>`;
  }
  const shown = page.findings.slice(0, SHOWN);
  const rest = page.findings.length - shown.length;
  return html`<section class="verdict" aria-label=${t("Verdict")}>
    ${shown.map((finding, number) => told(app, finding, number))}
    ${rest > 0 ? html`<p><button class="link" @click=${() => app.open("findings")}>${t("{count} more findings", { count: rest })}</button></p>` : nothing}
    ${facts(app)}
  </section>`;
}

function told(app: App, finding: Finding, number: number): TemplateResult {
  return html`<div class="told" data-rule=${finding.rule}>
    <p class="message"><span class="badge ${finding.certainty}">${finding.certainty === "certain" ? `✗ ${t("Certain")}` : `? ${t("Likely")}`}</span>
      <strong>${said(app, say(finding.message))}</strong>
      <button class="link" @click=${() => app.goToFinding(number)}>${t("show the moment")}</button></p>
    <p class="fix"><span class="fix-word">${t("What would fix it")}:</span> ${said(app, say(finding.fix))}
      ${finding.patch.length ? html`<button class="link" @click=${() => app.showPanel("findings")}>${t("show it as a diff")}</button>` : nothing}</p>
  </div>`;
}

/** The three things a learner asks of a TCP conversation, each with its line. */
function facts(app: App): TemplateResult | typeof nothing {
  const view = app.view;
  if (!view) return nothing;
  const { connect, accept, waits, glued, fins } = view.facts;
  const line = (call: number | null) => callLink(app, call);
  const closer = (link: Link) => {
    const call = link.leave === null ? undefined : view.detail.calls[link.leave];
    return call && isClose(call.op) ? line(link.leave) : `${link.side === 0 ? t("client") : t("server")} `;
  };
  return html`<ul class="facts">
    ${connect !== null || accept !== null
      ? html`<li data-fact="handshake"><b>${t("Handshake")}</b> ${line(connect)} <code>connect</code>
          ${accept !== null ? html`<span class="dim">${t("then taken by")}</span> ${line(accept)} <code>accept</code>` : nothing}</li>`
      : nothing}
    ${glued.length ? html`<li data-fact="glued"><b>${t("Several messages in one read")}</b> ${glued.slice(0, 3).map(line)}</li>` : nothing}
    ${waits.length ? html`<li data-fact="waits"><b>${t("Still waits")}</b> ${waits.slice(0, 4).map(line)}</li>` : nothing}
    ${app.row?.kind === "udp" || app.row?.kind === "unix-datagram" ? nothing : html`<li data-fact="close"><b>${t("Close")}</b> ${fins.length ? fins.map((link) => html`${closer(link)}<code>${link.kind.toUpperCase()}</code> `) : html`<span class="dim">${t("not seen in this run")}</span>`}</li>`}
  </ul>`;
}

function callLink(app: App, call: number | null): TemplateResult | typeof nothing {
  const found = call === null ? undefined : app.view?.detail.calls[call];
  const line = found?.line == null ? undefined : app.page.lines[found.line];
  if (!line) return nothing;
  return html`${lineLink(app, app.page.sources[line.source]?.name ?? "?", line.line)} `;
}
