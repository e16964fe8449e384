// What leaves the page: a link to this moment, an SVG of the ladder, Mermaid text, print.
import { html, type TemplateResult } from "lit";
import type { App } from "../app";
import { download, mermaid, svgText } from "../export";
import { t } from "../words";

export function exports(app: App): TemplateResult {
  const view = app.view;
  return html`<div class="pad export">
    <p><label>${t("Link to this moment")} <input readonly size="40" .value=${location.hash} @focus=${(e: Event) => (e.target as HTMLInputElement).select()} /></label></p>
    <p><button @click=${() => app.ladder && download("ladder.svg", "image/svg+xml", svgText(app.ladder.whole()))}>${t("Save the ladder as SVG")}</button>
      <button @click=${() => print()}>${t("Print")}</button></p>
    ${view ? html`<label>${t("Mermaid text")} <textarea readonly rows="12" cols="90" .value=${mermaid(app.page, view)}></textarea></label>` : ""}
  </div>`;
}
