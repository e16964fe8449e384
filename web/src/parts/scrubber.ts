// The scrubber over the run: a slider over steps, marks for what matters, words for the step.
import { html, nothing, svg, type TemplateResult } from "lit";
import type { App } from "../app";
import { isClose, pieceName } from "../calls";
import { brief, duration, grouped } from "../format";
import { momentAt } from "../steps";
import { t } from "../words";

export function scrubber(app: App): TemplateResult {
  const steps = app.view?.steps ?? [];
  const last = Math.max(0, steps.length - 1);
  const step = steps[app.step];
  const count = t("step {step} of {count}", { step: steps.length ? app.step + 1 : 0, count: steps.length });
  return html`<section class="scrubber" aria-label=${t("Steps of the conversation")}>
    <div class="controls">
      <button @click=${() => app.goTo(0)} ?disabled=${app.step === 0} aria-label=${t("first step")}>|◀</button>
      <button @click=${() => app.goTo(app.step - 1)} ?disabled=${app.step === 0 && !app.view?.detail.first} aria-label=${t("one step back")}>◀</button>
      <button @click=${() => app.goTo(app.step + 1)} ?disabled=${app.step >= last && atEnd(app)} aria-label=${t("one step on")}>▶</button>
      <button @click=${() => app.goTo(last)} ?disabled=${app.step >= last} aria-label=${t("last step")}>▶|</button>
      <span class="count">${count}</span>
      <span class="dim">${step ? duration(step.t - (steps[0]?.t ?? 0)) : ""}</span>
      ${partOf(app)}
    </div>
    <div class="track">
      ${marks(app)}
      <input type="range" min="0" max=${last} .value=${String(app.step)} aria-label=${t("step")} aria-valuetext=${`${count}: ${app.narration}`}
        @input=${(e: Event) => app.goTo(Number((e.target as HTMLInputElement).value))} />
    </div>
    <p class="narration" aria-live="polite">${app.narration}
      ${app.segment >= 0 || app.view?.steps[app.step]?.link !== undefined ? html`<button class="link" @click=${() => app.showPanel("layers")}>${t("open it layer by layer")}</button>` : nothing}</p>
    ${ends(app)}
  </section>`;
}

/** A long flow is looked at in windows of calls. */
function partOf(app: App): TemplateResult | typeof nothing {
  const detail = app.view?.detail;
  if (detail && !detail.total && detail.left_out) return html`<span class="window">${t("{count} more segments are not shown", { count: grouped(detail.left_out) })}</span>`;
  if (!detail || detail.calls.length >= detail.total) return nothing;
  const last = detail.first + detail.calls.length;
  return html`<span class="window"><button ?disabled=${detail.first === 0} @click=${() => app.openWindow(-1)} aria-label=${t("earlier calls")}>◀◀</button>
    ${t("calls {first} to {last} of {total}", { first: grouped(detail.first + 1), last: grouped(last), total: grouped(detail.total) })}
    <button ?disabled=${last >= detail.total} @click=${() => app.openWindow(1)} aria-label=${t("later calls")}>▶▶</button></span>`;
}

function marks(app: App): TemplateResult {
  const view = app.view;
  const steps = view?.steps ?? [];
  const last = Math.max(1, steps.length - 1);
  const seen = new Set<string>();
  const found: { at: number; kind: string; sign: string; text: string }[] = [];
  steps.forEach((step, at) => {
    const call = view?.detail.calls[step.call];
    const first = (kind: string, sign: string, text: string) => {
      if (!seen.has(kind)) found.push({ at, kind, sign, text });
      seen.add(kind);
    };
    const segment = view?.detail.segments?.[step.segment];
    if (segment) {
      if (segment.flags === "SYN") first("connect", "⇄", "SYN");
      else if (segment.end > segment.start && !/SYN|FIN|RST/.test(segment.flags)) first("byte", "1", t("first byte"));
      else if (/FIN|RST/.test(segment.flags)) first("close", "■", segment.flags);
    } else if (step.link !== undefined) first("byte", "1", t("first byte"));
    else if (!call) found.push({ at, kind: "finding", sign: "✗", text: app.page.findings[step.finding]?.rule ?? "" });
    else if (call.op.startsWith("connect")) first("connect", "⇄", t("connect"));
    else if (call.count > 0 && (view?.pieces.get(step.call)?.length ?? 0) > 0 && step.phase !== "enter") first("byte", "1", t("first byte"));
    else if (isClose(call.op)) first("close", "■", t("close"));
  });
  return html`<div class="marks-row" aria-hidden="true">
    <svg width="100%" height="16">${found.slice(0, 60).map((mark) => svg`<text x=${`${(mark.at / last) * 98 + 1}%`} y="12" class="track-mark ${mark.kind}">${mark.sign}<title>${mark.text}</title></text>`)}</svg>
  </div>`;
}

function atEnd(app: App): boolean {
  const detail = app.view?.detail;
  return !detail || detail.first + detail.calls.length >= detail.total;
}

/** Both ends at this step: TCP state, unread bytes, what is on its way. */
function ends(app: App): TemplateResult | typeof nothing {
  const view = app.view;
  const step = view?.steps[app.step];
  if (!view || !step) return nothing;
  const now = momentAt(view.detail, step.t);
  const told = view.detail.total > 0; // without calls nobody knows what was read
  const names = (pieces: { start: number; end: number }[]) => pieces.reduce((sum, p) => sum + p.end - p.start, 0);
  const side = (n: 0 | 1) => {
    const unread = names(now.unread[n]);
    return html`<div class="end side-${n}">
      <b>${n === 0 ? t("Client") : t("Server")}</b>
      ${now.states[n] ? html`<span class="state-chip state-${now.states[n]}">${now.states[n]}</span>` : nothing}
      ${told ? html`<span class=${unread ? "unread" : "dim"}>${t("unread")}: ${unread ? `${brief(unread)} (${now.unread[n].slice(0, 4).map(pieceName).join(", ")})` : "0"}</span>
      <span class=${names(now.flight[n]) ? "" : "dim"}>${t("on its way here")}: ${brief(names(now.flight[n]))}</span>` : nothing}
    </div>`;
  };
  return html`<div class="ends">${side(0)}${side(1)}</div>`;
}
