// What is wrong, in words with lines that can be clicked; or what happened.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { isClose } from "../calls";
import { duration } from "../format";
import type { Finding, Link } from "../types";
import { say, t } from "../words";
import { lineLink, said } from "./said";

const SHOWN = 2;

export function verdict(app: App): TemplateResult {
  const { page } = app;
  if (page.reading && !page.judged) {
    return html`<section class="verdict reading" aria-label=${t("Verdict")} aria-busy="true">
      <p class="told"><span class="badge">… ${t("Reading the recording")}</span> ${t("This is its beginning; the verdict follows when all of it is read.")} ${progress(app)}</p>
      ${facts(app)}
    </section>`;
  }
  const trouble = page.trouble ? html`<p class="told trouble" role="status"><span class="badge likely">! ${t("Not complete")}</span> ${say(page.trouble)}</p>` : nothing;
  if (!page.findings.length) {
    const fine = !page.trouble;
    return html`<section class="verdict ${fine ? "fine" : "reading"}" aria-label=${t("Verdict")}>
      ${trouble}
      ${fine || page.foreign ? html`<p class="told"><span class="badge ${fine ? "fine" : ""}">${fine ? "✓ " : ""}${t("Nothing wrong was seen")}</span> ${said(app, say(page.story))}</p>` : nothing}
      ${rest(app)}
      ${facts(app)}
    </section>`;
  }
  const shown = page.findings.slice(0, SHOWN);
  const more = page.findings.length - shown.length;
  return html`<section class="verdict" aria-label=${t("Verdict")}>
    ${trouble}
    ${shown.map((finding, number) => told(app, finding, number))}
    ${more > 0 ? html`<p><button class="link" @click=${() => app.open("findings")}>${t("{count} more findings", { count: more })}</button></p>` : nothing}
    ${rest(app)}
    ${facts(app)}
  </section>`;
}

function progress(app: App): TemplateResult {
  return html`<progress max="100" value=${app.percent} aria-label=${t("Reading the recording")}></progress> ${app.percent} %`;
}

/** The verdict is known from an earlier reading; what is below it is still the beginning. */
function rest(app: App): TemplateResult | typeof nothing {
  if (!app.page.reading) return nothing;
  return html`<p class="rest dim">${t("This verdict is of all of the recording. Shown is its beginning; the rest is being read.")} ${progress(app)}</p>`;
}

function told(app: App, finding: Finding, number: number): TemplateResult {
  return html`<div class="told" data-rule=${finding.rule}>
    <p class="message"><span class="badge ${finding.certainty}">${finding.certainty === "certain" ? `✗ ${t("Certain")}` : `? ${t("Likely")}`}</span>
      <strong>${said(app, say(finding.message))}</strong>
      <button class="link" @click=${() => app.goToFinding(number)}>${t("show the moment")}</button></p>
    <p class="fix"><span class="fix-word">${t("What would fix it:")}</span> ${said(app, say(finding.fix))}
      ${finding.patch.length ? html`<button class="link" @click=${() => app.showPanel("findings")}>${t("show it as a diff")}</button>` : nothing}</p>
  </div>`;
}

/** The three things a learner asks of a TCP conversation, each with its line. */
function facts(app: App): TemplateResult | typeof nothing {
  const view = app.view;
  if (!view) return nothing;
  if (!view.detail.total) return factsOfPackets(app);
  const { connect, accept, waits, glued } = view.facts;
  const line = (call: number | null) => callLink(app, call);
  if (app.row?.failed != null) {
    return html`<ul class="facts"><li data-fact="failed"><b>${t("Failed attempt")}</b> ${line(connect)} <code>connect</code> → ${app.row.server.address}
      <span class="failed">${app.row.failed || t("failed")}</span> ${answer(app)}</li></ul>`;
  }
  return html`<ul class="facts">
    ${connect !== null || accept !== null
      ? html`<li data-fact="handshake"><b>${t("Handshake")}</b> ${line(connect)} <code>connect</code>
          ${accept !== null ? html`<span class="dim">${t("then taken by")}</span> ${line(accept)} <code>accept</code>` : nothing}</li>`
      : nothing}
    ${glued.length ? html`<li data-fact="glued"><b>${t("Several messages in one read")}</b> ${glued.slice(0, 3).map(line)}</li>` : nothing}
    ${waits.length ? html`<li data-fact="waits"><b>${t("Still waits")}</b> ${waits.slice(0, 4).map(line)}</li>` : nothing}
    ${close(app)}
  </ul>`;
}

/** Of a capture without code: the packets that open and end the connection. */
function factsOfPackets(app: App): TemplateResult | typeof nothing {
  const segments = app.view!.detail.segments ?? [];
  if (app.row?.kind !== "tcp") return nothing;
  const opening = segments.filter((segment) => /SYN/.test(segment.flags)).slice(0, 2);
  const answered = segments.indexOf(opening.find((segment) => segment.flags === "SYN-ACK")!);
  const third = answered < 0 ? undefined : segments.slice(answered).find((segment) => segment.side === 0);
  if (third) opening.push(third);
  return html`<ul class="facts">
    <li data-fact="handshake"><b>${t("Handshake")}</b> ${opening.length ? opening.map((segment) => packetLink(app, segment.flags, segment.packet)) : html`<span class="dim">${t("not in this capture")}</span>`}</li>
    ${close(app)}
  </ul>`;
}

function packetLink(app: App, name: string, packet: number): TemplateResult {
  return html`<code>${name}</code> <button class="line-link" @click=${() => app.openPacket(packet)}>${t("packet {number}", { number: packet })}</button> `;
}

function close(app: App): TemplateResult | typeof nothing {
  const view = app.view!;
  if (app.row?.kind === "udp" || app.row?.kind === "unix-datagram") return nothing;
  const closer = (link: Link) => {
    const call = link.leave === null ? undefined : view.detail.calls[link.leave];
    return call && isClose(call.op) ? callLink(app, link.leave) : `${link.side === 0 ? t("client") : t("server")} `;
  };
  const unseen = app.page.foreign ? t("not in this capture") : t("not seen in this run");
  const fins = view.facts.fins;
  return html`<li data-fact="close"><b>${t("Close")}</b> ${fins.length ? fins.map((link) => html`${closer(link)}${app.page.foreign && link.packet !== null ? packetLink(app, link.kind.toUpperCase(), link.packet) : html`<code>${link.kind.toUpperCase()}</code> `}`) : html`<span class="dim">${unseen}</span>`}</li>`;
}

/** What came back for the SYN of an attempt that failed, as far as packets tell. */
function answer(app: App): TemplateResult | typeof nothing {
  const segments = app.view?.detail.segments;
  if (!segments?.length) return html`<span class="dim">${t("no packets were captured")}</span>`;
  const back = segments.find((segment) => segment.side === 1);
  const words = back ? `${segments[0]!.flags} → ${back.flags} (${duration(back.t - segments[0]!.t)})` : t("SYN was sent {count} times and nothing came back", { count: segments.length });
  return html`<code>${words}</code>`;
}

function callLink(app: App, call: number | null): TemplateResult | typeof nothing {
  const found = call === null ? undefined : app.view?.detail.calls[call];
  const line = found?.line == null ? undefined : app.page.lines[found.line];
  if (!line) return nothing;
  return html`${lineLink(app, app.page.sources[line.source]?.name ?? "?", line.line)} `;
}
