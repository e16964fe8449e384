// One side's source: executed lines marked, bytes in the gutters, the current line shown.
import { html, nothing, type TemplateResult } from "lit";
import type { App } from "../app";
import { isClose, messageName } from "../calls";
import { brief } from "../format";
import { cutTokens, tokenLines, type Token } from "../python";
import type { End, Line } from "../types";
import { lineKey, type FlowView, type LineUse } from "../view";
import { t } from "../words";

const MOST_LINES = 4000;
const SHORT = 60; // lines of a source that is printed whole
const AROUND = 4;
const cache = new Map<number, Token[][]>();

export function code(app: App, side: 0 | 1): TemplateResult {
  const row = app.row;
  const end = row ? (side === 0 ? row.client : row.server) : null;
  const source = app.sourceOf(side);
  const files = app.sourcesOf(side);
  const name = side === 0 ? t("Client") : t("Server");
  return html`<section class="code side-${side}" aria-label=${`${name} ${end?.name ?? ""}`}>
    <header>
      <span class="who">${name}</span> ${app.page.foreign ? nothing : html`<b>${end?.observed ? end.name : side === 1 && row?.failed != null ? t("nobody") : t("not observed")}</b>`} <span class="dim">${end?.address ?? ""}</span>
      ${files.length > 1
        ? html`<select aria-label=${t("source file")} @change=${(e: Event) => app.chooseSource(side, Number((e.target as HTMLSelectElement).value))}>
            ${files.map((n) => html`<option value=${n} ?selected=${n === source}>${app.page.sources[n]?.path}</option>`)}
          </select>`
        : nothing}
    </header>
    <div class="lines" tabindex="0" role="region" aria-label=${t("source of {name}", { name: end?.name ?? name })} @scroll=${() => app.connect()}>
      ${source === null ? html`<p class="dim pad">${emptyText(app, side, end)}</p>` : lines(app, side, source)}
    </div>
  </section>`;
}

function emptyText(app: App, side: 0 | 1, end: End | null): string {
  if (app.page.foreign) return t("A capture holds packets only: which code sent them is not known.");
  if (side === 1 && app.row?.failed != null) return t("No program took this attempt to connect.");
  return end && !end.observed ? t("This end's program was not observed: only its address is known.") : t("No source was kept.");
}

function lines(app: App, side: 0 | 1, source: number): TemplateResult {
  const view = app.view;
  let tokens = cache.get(source);
  if (!tokens) cache.set(source, (tokens = tokenLines(app.page.sources[source]?.text ?? "").slice(0, MOST_LINES)));
  const current = app.currentLine(side);
  const far = farFrom(app, side, source, tokens.length);
  const badges = view ? badgesOf(app, view, side, source) : new Map<number, TemplateResult[]>();
  return html`<ol>
    ${tokens.map((row, index) => {
      const number = index + 1;
      const use = view?.lines[side]?.get(lineKey(source, number));
      const now = current && current.source === source && current.line === number ? current : null;
      return html`<li class="code-line ${use ? "ran" : ""} ${now ? "now" : ""} ${far(number) ? `far ${far(number - 1) ? "" : "gap"}` : ""}" data-line=${number} data-source=${source} aria-current=${now ? "true" : nothing}
        @click=${() => use && app.goToLine(app.page.sources[source]?.name ?? "", number, side)}>
        <span class="number">${use ? html`<span class="dot" aria-hidden="true">●</span>` : nothing}${number}</span>
        <span class="gutter">${use ? gutter(use) : nothing}</span>
        <span class="text">${text(row, now)}</span><span class="tags">${badges.get(number) ?? nothing}</span>
      </li>`;
    })}
  </ol>`;
}

/** Which lines of a long source are far from every line that ran: they are not printed. */
function farFrom(app: App, side: 0 | 1, source: number, count: number): (line: number) => boolean {
  const near = new Set<number>();
  if (count <= SHORT) return () => false;
  for (const key of app.view?.lines[side]?.keys() ?? []) {
    if (Math.floor(key / 2 ** 20) !== source) continue;
    for (let line = (key % 2 ** 20) - AROUND; line <= (key % 2 ** 20) + AROUND; line++) near.add(line);
  }
  return (line) => line > 0 && !near.has(line);
}

function gutter(use: LineUse): TemplateResult {
  return html`${use.sent ? html`<span title=${t("bytes sent by this line")}>↑${brief(use.sent)}</span>` : nothing}${use.received
    ? html`<span title=${t("bytes received by this line")}>↓${brief(use.received)}</span>`
    : nothing}`;
}

/** At the lines that sent them: which messages were read as one. */
function together(view: FlowView, call: number, add: (call: number | null, kind: string, words: string) => void): void {
  const messages = [...new Set((view.pieces.get(call) ?? []).map((piece) => piece.message))];
  for (const message of messages) {
    const others = messages.filter((one) => one !== message).slice(0, 3).map(messageName).join(", ");
    add(message.call, "glue", t("{name}: read together with {others}", { name: messageName(message), others }));
  }
}

function text(row: Token[], now: Line | null): TemplateResult[] {
  const from = now && now.column > 0 ? now.column - 1 : 0;
  const to = now && now.column > 0 && now.end_line === now.line ? now.end_column - 1 : now ? 1e9 : 0;
  return cutTokens(row, from, to).map(({ token, inside }) => html`<span class="${token.kind ? `tok-${token.kind}` : ""} ${inside && now ? "span-now" : ""}">${token.text}</span>`);
}

function badgesOf(app: App, view: FlowView, side: 0 | 1, source: number): Map<number, TemplateResult[]> {
  const found = new Map<number, Map<string, TemplateResult>>();
  const add = (call: number | null, kind: string, words: string) => {
    const one = call === null ? undefined : view.detail.calls[call];
    const line = one?.line == null ? undefined : app.page.lines[one.line];
    if (!one || one.side !== side || !line || line.source !== source) return;
    const list = found.get(line.line) ?? new Map<string, TemplateResult>();
    list.set(kind, html`<span class="tag ${kind}">${words}</span>`);
    found.set(line.line, list);
  };
  const { connect, accept, waits, glued, cut, fins } = view.facts;
  const failed = app.row?.failed;
  if (failed != null) add(connect, "wait", `✗ ${failed || t("failed")}`);
  else add(connect, "shake", t("handshake: SYN"));
  add(accept, "shake", t("takes the finished connection"));
  waits.forEach((call) => add(call, "wait", t("still waits here")));
  glued.forEach((call) => add(call, "glue", t("{count} messages in one read", { count: new Set((view.pieces.get(call) ?? []).map((p) => p.message)).size })));
  if (app.row?.findings.some((n) => app.page.findings[n]?.rule === "glued-messages")) glued.forEach((call) => together(view, call, add));
  cut.forEach((call) => add(call, "cut", t("part of a message")));
  fins.forEach((link) => {
    const op = link.leave === null ? "" : (view.detail.calls[link.leave]?.op ?? "");
    if (isClose(op)) add(link.leave, "fin", `${link.kind.toUpperCase()}`);
  });
  return new Map([...found].map(([line, list]) => [line, [...list.values()]]));
}
