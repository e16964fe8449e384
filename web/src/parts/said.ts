// Sentences with lines that can be clicked and payload that is hidden until it is asked for.
import { html, type TemplateResult } from "lit";
import type { App } from "../app";
import { t } from "../words";

const LINE = /([\w.\-]+\.pyw?):(\d+)/g;

export function said(app: App, text: string): (string | TemplateResult)[] {
  const parts: (string | TemplateResult)[] = [];
  for (const piece of text.split(/(\ue000[^\ue001]*\ue001)/)) {
    if (piece.startsWith("\ue000")) parts.push(payload(app, piece.slice(1, -1)));
    else parts.push(...linked(app, piece));
  }
  return parts;
}

function payload(app: App, text: string): TemplateResult {
  if (!text) return html`<span class="masked">${t("(payload not saved)")}</span>`;
  if (app.revealed) return html`<code class="payload">${text}</code>`;
  return html`<span class="masked" title=${t("payload is hidden; reveal it with the button above")}>••••</span>`;
}

function linked(app: App, text: string): (string | TemplateResult)[] {
  const parts: (string | TemplateResult)[] = [];
  let at = 0;
  for (const match of text.matchAll(LINE)) {
    parts.push(text.slice(at, match.index), lineLink(app, match[1]!, Number(match[2])));
    at = match.index + match[0].length;
  }
  parts.push(text.slice(at));
  return parts;
}

export function lineLink(app: App, name: string, line: number): TemplateResult {
  return html`<button class="line-link" @click=${() => app.goToLine(name, line)}>${name}:${line}</button>`;
}
