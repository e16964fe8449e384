// The wire's station: the frames' bytes, each coloured and named by its layer.
import { html, nothing, type TemplateResult } from "lit";
import { say, t } from "../words";
import type { PathApp } from "./app";
import type { Field, Frame, Layer, Path } from "./types";

export function wire(app: PathApp, path: Path): TemplateResult {
  if (!path.frames.length) return html`<p class="look">${t("not shown: the addresses of the link are not known")}</p>`;
  const sure = new Set(path.frames.flatMap((frame) => frame.layers.flatMap((layer) => layer.fields.map((field) => field.sure))));
  return html`${path.frames.map((frame, at) => drawn(app, frame, at, path.frames.length))}
    <ul class="said dim">
      ${sure.has("example") ? html`<li><span class="example">e.g.</span> ${t("the kernel picks the value when it sends, or it covers one that it picks")}</li>` : nothing}
      ${sure.has("unknown") ? html`<li><code>??</code> ${t("not known before the question above is answered")}</li>` : nothing}
    </ul>`;
}

function drawn(app: PathApp, frame: Frame, at: number, count: number): TemplateResult {
  return html`<article class="frame" @pointerover=${(event: PointerEvent) => app.point((event.target as Element).closest<HTMLElement>("[data-field]")?.dataset.field ?? "")} @pointerleave=${() => app.point("")}>
    <h2>${count > 1 ? `${at + 1}. ` : ""}${say(frame.purpose)} <span class="dim">${t("{count} bytes", { count: frame.size })}</span></h2>
    <div class="strip" aria-hidden="true">
      ${frame.layers.map((layer) => html`<span class="box on-${layer.name}"><span class="box-name">${layer.name} <small>${layer.size}</small></span><span class="bytes">${layer.fields.map((field, number) => bytes(app, field, key(at, layer, number)))}</span></span>`)}
    </div>
    <div class="layer-tables">${frame.layers.map((layer) => details(app, layer, at))}</div>
  </article>`;
}

function key(frame: number, layer: Layer, field: number): string {
  return `${frame}.${layer.name}.${field}`;
}

function bytes(app: PathApp, field: Field, name: string): TemplateResult {
  return html`<span class="field ${field.sure} ${app.hot === name ? "hot" : ""}" data-field=${name} title=${`${field.name}: ${field.value}`}>${field.data.map((byte) => html`<b>${byte}</b>`)}</span>`;
}

function details(app: PathApp, layer: Layer, at: number): TemplateResult {
  return html`<table class="layer on-${layer.name}"><caption><b>${layer.name}</b> <span>${layer.osi}</span> <span>${t("{count} bytes", { count: layer.size })}</span></caption>
    <thead class="hidden"><tr><th>${t("offset")}</th><th>${t("bytes")}</th><th>${t("field")}</th><th>${t("value")}</th></tr></thead>
    <tbody>${layer.fields.map((field, number) => {
      const name = key(at, layer, number);
      return html`<tr class="${field.sure} ${app.hot === name ? "hot" : ""}" data-field=${name}><td class="num">${field.offset}</td><td><code>${field.data.join(" ")}</code></td><td>${field.name}</td><td>${field.sure === "example" ? html`<span class="example">e.g.</span> ` : nothing}${field.value}</td></tr>`;
    })}</tbody></table>`;
}
