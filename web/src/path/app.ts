// The page of `plainwire path`: a row of stations, of which one is open. Holds what the
// reader chose and nothing that could be derived; every verdict comes with the data.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import { getLang, n, say, setLang, setWords, t, type Lang } from "../words";
import type { Backend } from "./backend";
import { ip, neighbour, program, socket } from "./panels";
import { route } from "./route";
import type { Asked, Path, PathPage, Question, Station, Words } from "./types";
import { wire } from "./wire";

export type Name = Station["name"];

const PANELS: Record<Name, [string, (app: PathApp, path: Path) => TemplateResult]> = {
  program: [n("Which addresses does the name have, and which one is tried?"), program],
  socket: [n("Which port, who listens there, and how much fits into one packet?"), socket],
  ip: [n("From which address to which, by which interface, and why?"), ip],
  route: [n("Same network or gateway? The textbook's answer and the kernel's."), route],
  neighbour: [n("Whose MAC is written on the frame?"), neighbour],
  wire: [n("Which bytes leave, and to which layer does each belong?"), wire],
};

export class PathApp extends LitElement {
  page!: PathPage;
  path: Path | null = null;
  backend!: Backend;
  open: Name | "" = "";
  error: Words | null = null;
  trouble = "";
  busy = false;
  hot = ""; // the field under the pointer: frame.layer.field

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  async start(backend: Backend): Promise<void> {
    this.backend = backend;
    const wish = new URLSearchParams(location.hash.slice(1));
    document.documentElement.dataset.theme ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    try {
      this.page = await backend.page();
    } catch (error) {
      this.trouble = String(error);
      this.requestUpdate();
      return;
    }
    setWords(this.page.chinese);
    this.show({ path: this.page.path, error: this.page.error });
    const station = wish.get("station") as Name | null;
    if (station && station in PANELS) this.open = station;
    const lang = wish.get("lang") ?? this.page.language;
    this.speak(lang.startsWith("zh") ? "zh" : "en");
  }

  private show(asked: Asked): void {
    this.error = asked.error;
    if (asked.path) {
      this.path = asked.path;
      // What would fail is open first, else the lesson: the route.
      if (!this.open) this.open = asked.path.stations.find((station) => station.tone === "stop")?.name ?? "route";
      document.title = `${asked.path.title} · Plainwire`;
    }
    this.requestUpdate();
  }

  // -- what the reader does --------------------------------------------------------

  toggle(name: Name): void {
    this.open = this.open === name ? "" : name;
    this.remember();
  }

  private remember(): void {
    const hash = new URLSearchParams({ station: this.open, lang: getLang() });
    history.replaceState(null, "", `#${hash}`);
    this.requestUpdate();
  }

  speak(lang: Lang): void {
    setLang(lang);
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    this.requestUpdate();
  }

  private theme(): void {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    this.requestUpdate();
  }

  point(field: string): void {
    if (field === this.hot) return;
    this.hot = field;
    this.requestUpdate();
  }

  async ask(question: Question): Promise<void> {
    if (!this.backend.ask || this.busy) return;
    this.busy = true;
    this.requestUpdate();
    try {
      this.show(await this.backend.ask(question));
    } catch {
      const text = n("The server of this page does not answer; it ended with its command.");
      this.error = { en: text, zh: this.page.chinese[text] ?? text };
    }
    this.busy = false;
    this.requestUpdate();
  }

  private submitted(event: SubmitEvent): void {
    event.preventDefault();
    const form = new FormData(event.target as HTMLFormElement);
    const protocol = String(form.get("protocol"));
    void this.ask({ to: String(form.get("to")).trim(), protocol: protocol === "tcp" || protocol === "udp" ? protocol : null, resolve: false });
  }

  private pressed(event: KeyboardEvent): void {
    const buttons = [...this.querySelectorAll<HTMLButtonElement>("button.station")];
    if (event.key === "Escape" && this.open) {
      const at = this.path?.stations.findIndex((station) => station.name === this.open) ?? 0;
      this.open = "";
      this.remember();
      buttons[at]?.focus();
      return;
    }
    const at = buttons.indexOf(event.target as HTMLButtonElement);
    if (at < 0 || event.ctrlKey || event.metaKey || event.altKey) return;
    const last = buttons.length - 1;
    const moves: Record<string, number> = { ArrowRight: at + 1, ArrowDown: at + 1, ArrowLeft: at - 1, ArrowUp: at - 1, Home: 0, End: last };
    const to = moves[event.key];
    if (to === undefined) return;
    event.preventDefault();
    buttons[Math.max(0, Math.min(to, last))]?.focus();
  }

  // -- drawing ---------------------------------------------------------------------

  protected override render(): TemplateResult {
    if (this.trouble) return html`<main><p class="pad">${t("The page's data could not be read")}: ${this.trouble}</p></main>`;
    if (!this.page) return html`<main aria-busy="true"></main>`;
    return html`${this.head()}
      <main aria-busy=${this.busy}>
        ${this.backend.ask ? this.form() : nothing}
        ${this.error ? html`<p class="error" role="alert">${say(this.error)}</p>` : nothing}
        ${this.path ? this.row(this.path) : nothing}
      </main>`;
  }

  private head(): TemplateResult {
    const lang = getLang() === "zh" ? "en" : "zh";
    return html`<header class="top">
      <p class="brand">Plainwire <span class="dim">${t("the path of a packet")}</span></p>
      <button lang=${lang === "zh" ? "zh-CN" : "en"} @click=${() => this.choose(lang)}>${lang === "zh" ? "中文" : "English"}</button>
      <button @click=${() => this.theme()}>${t("dark / light")}</button>
    </header>`;
  }

  private choose(lang: Lang): void {
    this.speak(lang);
    this.remember();
  }

  private form(): TemplateResult {
    return html`<form class="ask" @submit=${(event: SubmitEvent) => this.submitted(event)}>
      <label for="to">${t("Another destination")}</label>
      <input id="to" name="to" type="text" required maxlength="300" spellcheck="false" autocapitalize="none" autocomplete="off" placeholder="example.com:443" .defaultValue=${this.path?.question ?? ""} />
      <select name="protocol" aria-label=${t("Protocol")}>
        <option value="">TCP / UDP</option>
        <option value="tcp">TCP</option>
        <option value="udp">UDP</option>
      </select>
      <button type="submit" ?disabled=${this.busy}>${t("Show its path")}</button>
      <span class="dim" role="status">${this.busy ? t("asking …") : ""}</span>
    </form>`;
  }

  private row(path: Path): TemplateResult {
    return html`<div class="title"><h1>${path.title}</h1><p class="dim" role="status">${say(path.note)}</p></div>
      <ol class="stations" aria-label=${t("Stations of the packet, from the program to the wire")} @keydown=${(event: KeyboardEvent) => this.pressed(event)}>
        ${path.stations.map((station, at) => this.station(path, station, at))}
      </ol>
      <p class="dim hint">${t("Arrow keys go from station to station, Enter opens one, Escape closes it.")}</p>`;
  }

  private station(path: Path, station: Station, at: number): TemplateResult {
    const open = this.open === station.name;
    const [question, panel] = PANELS[station.name];
    const id = `panel-${station.name}`;
    return html`<li>
      <button class="station ${station.tone} ${open ? "open" : ""}" id=${`station-${station.name}`} aria-expanded=${open} aria-controls=${id} @click=${() => this.toggle(station.name)}>
        <span class="top-line"><span class="dot">${at + 1}</span><span class="name">${say(station.title)}</span></span>
        <span class="headline">${breakable(station.headline)}</span>
        ${station.remark ? html`<span class="remark">${station.tone === "stop" ? "✘" : "!"} ${say(station.remark)}</span>` : nothing}
        <span class="parcels">${station.parcels.length ? station.parcels.map((part) => html`<span class="parcel on-${part.layer}">${part.layer} <small>${part.size}</small></span>`) : html`<span class="parcel none">${t("no bytes yet")}</span>`}</span>
        <span class="layers"><span>${station.osi}</span><span>TCP/IP ${say(station.layer)}</span></span>
        <span class="bridge"></span>
      </button>
      <section class="panel ${station.tone}" id=${id} aria-labelledby=${`station-${station.name}`} ?hidden=${!open}>
        <p class="asks">${t(question)}</p>
        ${panel(this, path)}
      </section>
    </li>`;
  }
}

/** Let a long name or address break behind its own separators; a short one stays whole. */
function breakable(text: string): TemplateResult[] {
  return text.split(/(?<= )/).map((word) => (word.length < 17 ? html`<span class="whole">${word}</span>` : html`${word.split(/(?<=[.:/])/).map((part) => html`${part}<wbr />`)}`));
}
