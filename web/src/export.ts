// A flow as text for Mermaid, and a drawing with its own styles. Pure but for `svgText`.
import { isReceive, messageName, pieceName, shortOp } from "./calls";
import { brief, duration } from "./format";
import { lineText } from "./narrate";
import type { FlowView } from "./view";
import type { Page } from "./types";

const MERMAID_ROWS = 400;

export function mermaid(page: Page, view: FlowView): string {
  const row = page.flows.find((flow) => flow.number === view.detail.number);
  const rows: string[] = ["sequenceDiagram", `  participant C as ${clean(row?.client.name || row?.client.address || "client")}`, `  participant S as ${clean(row?.server.name || row?.server.address || "server")}`];
  const entries: { t: number; text: string }[] = [];
  const end = (side: number) => (side === 0 ? "C" : "S");
  for (const link of view.detail.links) {
    const message = link.message === null ? undefined : view.detail.messages[link.message];
    const arrow = link.proof === "inferred" ? "-->>" : "->>";
    const said = message ? `${messageName(message)} ${brief(link.end - link.start)}` : link.kind.toUpperCase();
    const call = link.leave === null ? undefined : view.detail.calls[link.leave];
    entries.push({ t: link.left, text: `  ${end(link.side)}${arrow}${end(1 - link.side)}: ${said}${call ? ` (${clean(lineText(page, call))})` : ""}` });
  }
  view.detail.calls.forEach((call, number) => {
    const got = (view.pieces.get(number) ?? []).map(pieceName).join(" + ");
    const where = clean(lineText(page, call));
    if (call.t1 === null) entries.push({ t: call.t0, text: `  Note over ${end(call.side)}: ${where} ${shortOp(call.op)} waits` });
    else if (isReceive(call.op) && got) entries.push({ t: call.t1, text: `  Note over ${end(call.side)}: ${where} reads ${clean(got)}` });
  });
  entries.sort((a, b) => a.t - b.t);
  rows.push(...entries.slice(0, MERMAID_ROWS).map((entry) => entry.text));
  if (entries.length > MERMAID_ROWS) rows.push(`  Note over C,S: ${entries.length - MERMAID_ROWS} more`);
  const last = entries.at(-1);
  if (last) rows.push(`  Note over C,S: ${duration(page.ended - last.t)} until the run ended`);
  return rows.join("\n") + "\n";
}

function clean(text: string): string {
  return text.replace(/[;#\n]/g, " ");
}

/** An SVG with the page's rules for ladders and its colours inside, to stand alone. */
export function svgText(svg: SVGElement): string {
  const rules: string[] = [];
  for (const sheet of document.styleSheets) {
    for (const rule of sheet.cssRules) {
      if (rule instanceof CSSStyleRule && rule.selectorText.includes(".ladder")) rules.push(rule.cssText);
    }
  }
  const root = getComputedStyle(document.documentElement);
  const names = new Set([...rules.join("").matchAll(/var\((--[\w-]+)/g)].map((match) => match[1]!));
  const values = [...names].map((name) => `${name}:${root.getPropertyValue(name)}`).join(";");
  const style = document.createElementNS("http://www.w3.org/2000/svg", "style");
  style.textContent = `svg{${values};background:${root.getPropertyValue("--ground")};font-family:sans-serif}\n${rules.join("\n")}`;
  svg.prepend(style);
  return new XMLSerializer().serializeToString(svg);
}

export function download(name: string, type: string, text: string): void {
  const link = document.createElement("a");
  link.href = URL.createObjectURL(new Blob([text], { type }));
  link.download = name;
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 1000);
}
