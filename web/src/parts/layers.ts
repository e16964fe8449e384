// One captured packet opened layer by layer, beside the names of the OSI and TCP/IP models.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { moment } from "../format";
import { segmentText } from "../narrate";
import type { Layer, Opened } from "../types";
import { n, say, t } from "../words";
import { said } from "./said";

const OSI = [n("application"), n("presentation"), n("session"), n("transport"), n("network"), n("data link"), n("physical")];
const TCPIP: Record<number, [string, number]> = { 7: [n("application"), 3], 4: [n("transport"), 1], 3: [n("internet"), 1], 2: [n("link"), 2] };

export function layers(app: App): TemplateResult {
  const packets = app.packets;
  if (!packets.length) {
    return html`<div class="pad"><p>${t("No packets were captured in this run, so there is nothing to open layer by layer.")}</p>
      <p class="dim">${t("Handshake and arrivals are inferred from the calls, and drawn dashed.")}</p></div>`;
  }
  const number = app.packet >= 0 ? app.packet : packets[0]!;
  const opened = app.opened(number);
  return html`<div class="layers">
    <p class="pad">${chooser(app, packets, number)} ${about(app, number)}</p>
    ${opened === undefined ? html`<p class="pad" aria-busy="true">…</p>` : opened === null ? missing(number) : html`<div class="layer-grid">${stack(opened)}${opened.layers.map((layer, at) => card(app, layer, at))}</div>`}
  </div>`;
}

function chooser(app: App, packets: number[], number: number): TemplateResult {
  const at = packets.indexOf(number);
  const go = (to: number) => () => app.openPacket(packets[to]!);
  return html`<button ?disabled=${at <= 0} @click=${go(at - 1)} aria-label=${t("packet before")}>◀</button>
    <b>${t("packet {number}", { number })}</b>
    <button ?disabled=${at < 0 || at + 1 >= packets.length} @click=${go(at + 1)} aria-label=${t("packet after")}>▶</button>`;
}

function about(app: App, number: number): TemplateResult | typeof nothing {
  const segment = app.view?.detail.segments?.find((s) => s.packet === number);
  return segment ? html`<span>${said(app, segmentText(app.page, app.view!.detail, segment))}</span>` : nothing;
}

function missing(number: number): TemplateResult {
  return html`<p class="pad">${t("This packet is not in the saved file; the recording has it:")} <code>plainwire show FILE --packet ${number}</code></p>`;
}

/** Which layers of the two models this packet has; the others belong to the program. */
function stack(opened: Opened): TemplateResult {
  const rows = OSI.map((name, at) => {
    const osi = 7 - at;
    const mine = opened.layers.filter((layer) => layer.osi === osi && !layer.quoted);
    const tcpip = TCPIP[osi];
    return html`<tr class=${mine.length ? "has" : ""}><td class="num">${osi}</td><td>${t(name)}</td>
      ${tcpip ? html`<td rowspan=${tcpip[1]} class="model">${t(tcpip[0])}</td>` : nothing}
      <td>${mine.map((layer) => html`<b>${t(layer.name)}</b> <span class="dim">${t("{count} bytes", { count: layer.length })}</span> `)}</td></tr>`;
  });
  const cut = opened.length - opened.kept;
  return html`<article class="card stack"><table><thead><tr><th colspan="2">OSI</th><th>TCP/IP</th><th>${t("in this packet")}</th></tr></thead><tbody>${rows}</tbody></table>
    <p class="dim">${t("{count} bytes", { count: opened.length })} · ${moment(opened.t)}${cut > 0 ? ` · ${t("{count} bytes were not kept", { count: cut })}` : ""}</p></article>`;
}

function card(app: App, layer: Layer, at: number): TemplateResult {
  return html`<article class="card" data-layer=${at}><h3>${t(layer.name)}${layer.quoted ? ` ${t("(quoted)")}` : ""} <span class="dim">OSI ${layer.osi} ${t(layer.osi_name)} · TCP/IP ${t(layer.tcpip_name)} · ${t("bytes {start} to {end} of the packet", { start: layer.offset, end: layer.offset + layer.length })}</span></h3>
    <table><tbody>${layer.fields.map((field) => html`<tr><th scope="row">${t(field.name)}</th><td><code>${said(app, field.value)}</code></td><td>${say(field.meaning)}</td></tr>`)}</tbody></table></article>`;
}
