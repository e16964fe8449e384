// The route's station: the textbook's AND in binary beside the kernel's rows.
import { html, nothing, svg, type TemplateResult } from "lit";
import { say, t } from "../words";
import type { PathApp } from "./app";
import { sentences } from "./panels";
import type { BitLine, Bits, Path, Row } from "./types";

export function route(_: PathApp, path: Path): TemplateResult {
  const { comparison, textbook, rules, rows, outside, kernel, hop, verdict, agrees, bits: size } = path.route;
  const inside = rows.filter((row) => row.inside);
  const near = rows.filter((row) => !row.inside);
  return html`<p class="verdict ${agrees ? "good" : "look"}"><b>${agrees ? "=" : "≠"}</b> ${say(verdict)}</p>
    <div class="sides wide-right">
      <div><h2>${t("The textbook: AND with my mask")}</h2>
        ${comparison ? bits(comparison) : nothing}
        <p class="result">→ ${say(textbook)}</p></div>
      <div><h2>${t("The kernel: the row with the longest matching prefix")}</h2>
        ${rules.length
          ? html`<div class="scroll-x" tabindex="0" role="region" aria-label=${t("policy rules, in order")}><table class="rules"><caption>${t("policy rules, in order")}</caption>
              <tbody>${rules.map((rule) => html`<tr class=${rule.found ? "won" : ""}><td class="num">${rule.priority}</td><td><code>${rule.text}</code></td><td>${say(rule.verdict)}</td></tr>`)}</tbody></table></div>`
          : nothing}
        ${inside.length ? table(t("rows that contain the destination"), inside, size) : nothing}
        ${near.length ? table(t("{count} rows do not contain it; the nearest", { count: outside }), near, size) : nothing}
        ${sentences(kernel)}
        <p class="result">→ ${say(hop)}</p></div>
    </div>`;
}

function table(caption: string, rows: Row[], size: number): TemplateResult {
  return html`<table class="rows"><caption>${caption}</caption>
    <thead class="hidden"><tr><th>${t("row")}</th><th>${t("bits that match")}</th><th>${t("why")}</th></tr></thead>
    <tbody>${rows.map(
      (row) => html`<tr class=${row.won ? "won" : row.inside ? "lost" : "far"}>
        <td><span class="mark">${row.won ? "✔" : "✘"}</span> <code><b>${row.prefix}</b> ${row.text}</code></td>
        <td>${bar(row, size)}<small>${row.length ? t("{common} of {length} bits", { common: row.common, length: row.length }) : t("asks for no bit: contains everything")}</small></td>
        <td>${say(row.why)}</td></tr>`,
    )}</tbody></table>`;
}

/** The prefix as a bar of 32 or 128 bits: full as far as the destination has the same bits. */
function bar(row: Row, size: number): TemplateResult {
  const part = (bits: number) => `${(bits / size) * 100}%`;
  return html`<svg class="bar" aria-hidden="true"><rect class="rest" width="100%" height="100%" />${svg`<rect class="prefix" width=${part(row.length)} height="100%" /><rect class="common" width=${part(row.common)} height="100%" /><rect class="end" x=${part(row.length)} width="2" height="100%" />`}</svg>`;
}

function bits(found: Bits): TemplateResult {
  const label = (name: BitLine["label"]) => ({ mine: t("mine"), destination: t("destination"), mask: t("mask /{length}", { length: found.length }), and: "AND" })[name];
  const digit = (line: BitLine, at: number) => {
    const bit = found.first + at;
    const kind = bit < found.length ? "net" : "host";
    const end = bit === found.length - 1 ? " cut" : "";
    const gap = (at + 1) % found.group === 0 ? " gap" : "";
    return html`<i class="${kind}${end}${gap}${bit === found.differs && line.label !== "mask" ? " differs" : ""}">${line.digits[at]}</i>`;
  };
  const networks = found.lines.filter((line) => line.label === "and").map((line) => line.address);
  return html`<div class="scroll-x" tabindex="0" role="region" aria-label=${t("AND in binary")}><table class="bits"><caption class="hidden">${t("AND in binary")}</caption>
      <tbody>${found.lines.map((line) => html`<tr class=${line.label}><th scope="row">${label(line.label)}</th><td><code>${line.address}</code></td><td class="digits">${[...line.digits].map((_, at) => digit(line, at))}</td></tr>`)}</tbody></table></div>
    <p class="networks"><code>${networks[0]}</code> <b class=${found.same ? "good" : "look"}>${found.same ? "=" : "≠"}</b> <code>${networks[1]}</code> <span>${found.same ? t("same network") : t("another network")}</span></p>
    <ul class="said">${found.said.map((one) => html`<li>${say(one)}</li>`)}</ul>
    <p class="key"><i class="net">1</i> ${t("network bits")} <i class="host">1</i> ${t("host bits")}${found.differs === null ? nothing : html` <i class="differs">1</i> ${t("first bit that differs")}`}</p>`;
}
