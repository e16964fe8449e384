// What the stations program, socket, IP and ARP/NDP show when they are opened.
import { html, nothing, svg, type TemplateResult } from "lit";
import { say, t } from "../words";
import type { PathApp } from "./app";
import type { Path, Said } from "./types";

const MARKS: Record<Said["tone"], string> = { plain: "", good: "✔ ", look: "! ", stop: "✘ " };

export function sentences(all: Said[]): TemplateResult {
  return html`<ul class="said">
    ${all.map((one) => html`<li class=${one.tone}>${MARKS[one.tone]}${say(one.text)}</li>`)}
  </ul>`;
}

export function program(_: PathApp, path: Path): TemplateResult {
  const { code, answers, said } = path.program;
  return html`<h2>${t("What the program calls")}</h2>
    <pre class="code">${code.join("\n")}</pre>
    ${sentences(said)}
    ${answers.length
      ? html`<ol class="answers">
          ${answers.map((one) => html`<li class=${one.chosen ? "good" : one.skipped ? "look" : ""}><code>${one.address}</code> ${one.chosen ? `✔ ${t("explained here")}` : one.skipped ? `✘ ${t("skipped: no way there")}` : ""}</li>`)}
        </ol>`
      : nothing}`;
}

export function socket(_: PathApp, path: Path): TemplateResult {
  const { port, service, said, mtu, headers, payload, payload_name, size } = path.socket;
  const bytes = (count: number) => t("{count} bytes", { count });
  return html`<div class="sides">
    <div><h2>${t("The port")}: <code>${port}${service ? ` ${service}` : ""}</code></h2>
      ${ports(path)} ${sentences(said)}</div>
    <div><h2>${t("What fits into one packet")}</h2>
      ${mtu !== null && payload !== null
        ? html`<div class="box mtu"><span class="box-name">MTU ${mtu}</span>
            ${headers.map((part) => html`<span class="block on-${part.layer}">${part.layer}<small>${bytes(part.size)}</small></span>`)}
            <span class="block on-data">${payload_name}<small>${bytes(payload)}</small></span></div>`
        : nothing}
      <p>${say(size)}</p></div>
  </div>`;
}

// Three ranges, not to scale: to scale the first would be a hair's breadth.
const RANGES: [number, number, number, number][] = [[0, 1023, 0, 22], [1024, 49151, 22, 72], [49152, 65535, 72, 100]];

function place(port: number): number {
  const [low, high, from, to] = RANGES.find(([, end]) => port <= end) ?? RANGES[2]!;
  return from + ((port - low) / (high - low)) * (to - from);
}

function ports(path: Path): TemplateResult {
  const { port, picked } = path.socket;
  const names = [t("well-known"), t("registered"), t("dynamic")];
  const [low, high] = [place(picked[0]), place(picked[1])];
  const at = place(port);
  const side = at < 6 ? "start" : at > 94 ? "end" : "middle";
  return html`<svg class="ports" role="img" aria-label=${t("Port {port} among all ports; source ports are picked from {low} to {high}", { port, low: picked[0], high: picked[1] })}>
      <text class="strong ${side}" x="${at}%" y="13">${port}</text>
      <text class=${side} x="${at}%" y="25">▼</text>
      ${RANGES.map(([start, , from, to], number) => svg`<rect class="range range-${number}" x="${from}%" y="28" width="${to - from}%" height="26" /><text x="${(from + to) / 2}%" y="46">${names[number]}</text><text class="edge" x="${from}%" y="68">${start}</text>`)}
      <rect class="picked" x="${low}%" y="76" width="${high - low}%" height="5" />
      <text x="${(low + high) / 2}%" y="97">${t("source port: the kernel picks from {low}-{high}", { low: picked[0], high: picked[1] })}</text>
    </svg>`;
}

export function ip(_: PathApp, path: Path): TemplateResult {
  const { source, source_scope, destination, destination_scope, interface: link, said } = path.ip;
  return html`<div class="sides">
    <div><h2>${t("Both addresses")}</h2>
      <dl>
        <dt>${t("source")}</dt><dd><code>${source ?? "?"}</code> ${source_scope ? html`<span class="dim">${say(source_scope)}</span>` : nothing}</dd>
        <dt>${t("destination")}</dt><dd><code>${destination}</code> <span class="dim">${say(destination_scope)}</span></dd>
      </dl>
      <h2>${t("Why this source")}</h2>${sentences(said)}</div>
    ${link
      ? html`<div><h2>${t("The interface")}: <code>${link.name}</code></h2>
          <dl>
            <dt>MAC</dt><dd><code>${link.mac ?? "-"}</code></dd>
            <dt>MTU</dt><dd>${link.mtu === null ? "?" : t("{count} bytes", { count: link.mtu })}</dd>
            ${link.addresses.map((one) => html`<dt>${one.includes(":") ? "IPv6" : "IPv4"}</dt><dd><code>${one}</code></dd>`)}
          </dl></div>`
      : nothing}
  </div>`;
}

export function neighbour(app: PathApp, path: Path): TemplateResult {
  const { address, mac, state, said, can_resolve, protocol } = path.neighbour;
  const ask = () => void app.ask({ to: path.question, protocol: path.protocol, resolve: true });
  return html`${address ? html`<p class="pair"><span class="token on-IPv4"><small>${t("next hop")}</small><code>${address}</code></span><span aria-hidden="true">→</span><span class="token on-Ethernet"><small>MAC</small><code>${mac}</code></span>${state ? html`<span class="token"><small>${t("state of the entry")}</small><code>${state}</code></span>` : nothing}</p>` : nothing}
    ${sentences(said)}
    ${app.backend.ask && can_resolve ? html`<p><button @click=${ask} ?disabled=${app.busy}>${t("Ask for the MAC now")}</button> <span class="dim">${t("sends an {protocol} question; this page says what was sent", { protocol })}</span></p>` : nothing}`;
}
