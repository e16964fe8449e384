// The messages of a flow: who sent them, where they were cut or glued, how long they waited.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { hueOf, messageName, pieceName } from "../calls";
import { bytes, cutText, duration, hexRows, moment } from "../format";
import { lineText } from "../narrate";
import type { Link, Message } from "../types";
import { t } from "../words";

const SHOWN = 300;

export function messages(app: App): TemplateResult {
  const view = app.view;
  if (!view) return html`<p class="pad">${t("No flow.")}</p>`;
  const rows = [...view.detail.messages.keys()].sort((a, b) => sentAt(app, a) - sentAt(app, b));
  return html`<div class="scroll-x"><table>
    <caption>${t("{count} messages, in the order in which they were sent", { count: rows.length })}</caption>
    <thead><tr><th>${t("message")}</th><th>${t("bytes")}</th><th>${t("sent by")}</th><th>${t("read by")}</th><th>${t("in the queue")}</th><th>${t("boundaries")}</th><th>${t("payload")}</th></tr></thead>
    <tbody>${rows.slice(0, SHOWN).map((number) => row(app, number))}</tbody>
  </table></div>
  ${rows.length > SHOWN ? html`<p class="dim pad">${t("{count} more are not shown", { count: rows.length - SHOWN })}</p>` : nothing}`;
}

function sentAt(app: App, number: number): number {
  const link = linksOf(app, number)[0];
  return link ? link.left : 0;
}

export function linksOf(app: App, message: number): Link[] {
  return app.linksByMessage.get(message) ?? [];
}

function row(app: App, number: number): TemplateResult {
  const { detail, pieces } = app.view!;
  const message = detail.messages[number]!;
  const links = linksOf(app, number);
  const sender = message.call === null ? undefined : detail.calls[message.call];
  const glued = links.some((l) => l.land !== null && new Set((pieces.get(l.land) ?? []).map((p) => p.message)).size > 1);
  const cut = links.filter((l) => l.landed !== null).length > 1;
  const waited = links.filter((l) => l.landed !== null && l.arrived !== null).map((l) => l.landed! - l.arrived!);
  return html`<tr data-message=${messageName(message)}>
    <td><button class="chip-button hue-${hueOf(message)}" @click=${() => app.openMessage(number)}>${messageName(message)}</button> ${message.label}</td>
    <td class="num">${message.end - message.start}</td>
    <td>${sender ? lineText(app.page, sender) : t("not observed")}</td>
    <td>${links.map((l) => {
      const call = l.land === null ? undefined : detail.calls[l.land];
      return html`<div>${call ? lineText(app.page, call) : t("nobody yet")} <span class="dim">${pieceName({ message, start: l.start, end: l.end, link: l })}</span></div>`;
    })}</td>
    <td class="num">${waited.length ? duration(Math.max(...waited)) : "–"}</td>
    <td>${glued ? html`<span class="tag glue">${t("glued: read together with others")}</span>` : nothing} ${cut ? html`<span class="tag cut">${t("cut: read in parts")}</span>` : nothing}
      ${!glued && !cut && links.every((l) => l.landed !== null) ? html`<span class="dim">${t("one send, one read")}</span>` : nothing}</td>
    <td>${payloadText(app, message)}</td>
  </tr>`;
}

export function payloadText(app: App, message: Message): TemplateResult {
  const data = app.payloadOf(message.side, message.start, Math.min(message.end, message.start + 48));
  if (!app.page.payload) return html`<span class="masked">${t("(payload not saved)")}</span>`;
  if (!app.revealed) return html`<span class="masked">••••</span>`;
  return html`<code class="payload">${data ? cutText(data) : ""}</code>`;
}

/** The biography of one message: from the line that wrote it to the line that read it. */
export function biography(app: App): TemplateResult {
  const view = app.view;
  const message = view?.detail.messages[app.message];
  if (!view || !message) return html`<p class="pad">${t("Choose a message.")}</p>`;
  const { detail } = view;
  const links = linksOf(app, app.message);
  const sender = message.call === null ? undefined : detail.calls[message.call];
  return html`<div class="bio">
    <label>${t("message")} <select @change=${(e: Event) => app.openMessage(Number((e.target as HTMLSelectElement).value))}>
      ${detail.messages.slice(0, 2000).map((m, n) => html`<option value=${n} ?selected=${n === app.message}>${messageName(m)} · ${bytes(m.end - m.start)}</option>`)}
    </select></label>
    <ol class="chain">
      <li><b>${t("written")}</b> ${sender ? html`${lineText(app.page, sender)} <code>${sender.op}</code> <span class="dim">${app.page.processes[sender.process]?.name} · ${sender.lane} · ${moment(sender.t0)}</span>` : t("not observed")}
        <span class="dim">${t("bytes {start} to {end} of the stream", { start: message.start, end: message.end })}</span></li>
      ${links.map((link) => station(app, message, link))}
    </ol>
    ${hex(app, message, links)}
  </div>`;
}

function station(app: App, message: Message, link: Link): TemplateResult {
  const detail = app.view!.detail;
  const call = link.land === null ? undefined : detail.calls[link.land];
  const name = pieceName({ message, start: link.start, end: link.end, link });
  const carried = (detail.segments ?? []).filter((s) => s.side === link.side && s.start < link.end && s.end > link.start);
  return html`<li class="hue-${hueOf(message)}"><b>${name}</b>
    ${carried.length ? html`${t("carried by {count} segments", { count: carried.length })}${carried.some((s) => s.note === "retransmitted") ? `, ${t("again")}` : ""};` : html`<span class="dim">${t("no packets were captured")};</span>`}
    ${link.arrived !== null ? html`${t("in the other side's kernel after {time}", { time: duration(link.arrived - link.left) })} <span class="dim">(${t("inferred")})</span>;` : nothing}
    ${link.landed !== null && link.arrived !== null ? t("waited {time} in the receive queue", { time: duration(link.landed - link.arrived) }) : t("still unread")}
    ${call ? html`→ <b>${t("read")}</b> ${lineText(app.page, call)} <code>${call.op}</code> <span class="dim">${call.lane} · ${moment(call.t1 ?? call.t0)}</span>` : nothing}</li>`;
}

function hex(app: App, message: Message, links: Link[]): TemplateResult {
  if (!app.page.payload) return html`<p class="masked">${t("Payload was not saved in this file.")}</p>`;
  if (!app.revealed) return html`<p><button @click=${() => app.reveal()}>${t("Reveal payload")}</button></p>`;
  return html`${links.map((link) => {
    const data = app.payloadOf(message.side, link.start, Math.min(link.end, link.start + 4096));
    return data
      ? html`<p><b>${pieceName({ message, start: link.start, end: link.end, link })}</b> <code class="payload">${cutText(data)}</code></p>
        <pre class="hex" tabindex="0">${hexRows(data, link.start).map((r) => `${String(r.offset).padStart(8)}  ${r.hex.join(" ").padEnd(47)}  ${r.text}\n`)}</pre>`
      : html`<p class="dim">${t("These bytes were not kept.")}</p>`;
  })}`;
}
