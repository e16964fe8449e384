// The page: verdict, code | wire | code, scrubber, tabs. Holds what the reader chose and
// nothing that could be derived; draws into the document itself, so that one style sheet,
// printing and exports see everything.
import { html, LitElement, nothing, type TemplateResult } from "lit";
import type { Backend } from "./backend";
import { connectors } from "./connectors";
import { Ladder } from "./ladder/ladder";
import type { Picked } from "./ladder/draw";
import { linkText, narrate, segmentText } from "./narrate";
import { code } from "./parts/code";
import { curves } from "./parts/curves";
import { exports } from "./parts/exports";
import { findings } from "./parts/findings";
import { flows } from "./parts/flows";
import { lanes } from "./parts/lanes";
import { layers } from "./parts/layers";
import { biography, messages } from "./parts/messages";
import { followPrinting } from "./print";
import { scrubber } from "./parts/scrubber";
import { verdict } from "./parts/verdict";
import { foldLabel, paper, wire } from "./parts/wire";
import type { Fold } from "./scale";
import { stepAt } from "./steps";
import type { Detail, FlowRow, Line, Link, Opened, Page } from "./types";
import { firstFlow, flowView, isLong, lineKey, payloadOf, readHash, writeHash, type FlowView } from "./view";
import { getLang, n, setLang, setWords, t, type Lang } from "./words";

const TABS: Record<string, [string, (app: App) => TemplateResult]> = {
  findings: [n("Findings"), findings], messages: [n("Messages"), messages], bytes: [n("Bytes"), biography], curves: [n("Byte curves"), curves],
  lanes: [n("Swimlanes"), lanes], layers: [n("Layers"), layers], flows: [n("Flows"), flows], exports: [n("Export"), exports],
};

const OF_CODE = new Set(["messages", "bytes", "lanes"]); // tell nothing without calls

const ROOM_BELOW = 70; // below the moment: a read's chips, and what comes next
const ROOM_AT_FIRST = 500; // of the ladder, before it stands in the document

export class App extends LitElement {
  page!: Page;
  backend!: Backend;
  view: FlowView | null = null;
  flow = -1;
  step = 0;
  tab = "findings";
  filter = "";
  unfolded = false;
  revealed = false;
  message = 0;
  segment = -1; // of the flow's segments, picked in the ladder
  packet = -1; // opened layer by layer
  ended = false;
  wasLive = false;
  percent = 0; // of the recording is read
  trouble = "";
  ladder: Ladder | null = null;
  linksByMessage = new Map<number, Link[]>();
  private chosen: (number | null)[] = [null, null];
  private openedPackets = new Map<number, Opened | null | undefined>();
  private following = true; // live: stay at the newest step until the reader steps back

  protected override createRenderRoot(): HTMLElement {
    return this;
  }

  async start(backend: Backend): Promise<void> {
    this.backend = backend;
    try {
      this.page = await backend.page();
    } catch (error) {
      this.trouble = String(error);
      this.requestUpdate();
      return;
    }
    const place = readHash(location.hash);
    setWords(this.page.chinese);
    this.speak(place.lang === "zh" || place.lang === "en" ? place.lang : this.page.language);
    if (place.tab && place.tab in TABS && !(this.page.foreign && OF_CODE.has(place.tab))) this.tab = place.tab;
    document.documentElement.dataset.theme ??= matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light";
    this.wasLive = this.page.live;
    this.ended = !this.page.live;
    const first = place.from === undefined ? {} : { first: place.from };
    await this.openFlow(place.flow ?? firstFlow(this.page), { step: place.step, ...first });
    window.addEventListener("keydown", (event) => this.pressed(event));
    window.addEventListener("resize", () => this.connect());
    followPrinting(this, () => this.ladder, () => this.view?.model.height ?? 0);
    if (this.page.foreign) document.body.classList.add("no-code");
    if (this.page.live || this.page.reading) this.backend.watch((page, detail) => this.renew(page, detail), () => this.finish(), (percent) => this.reads(percent));
  }

  private renew(page: Page, detail: Detail | null): void {
    const whole = this.page.reading && !page.reading;
    this.page = page;
    if (whole) {
      const told = page.findings.some((finding) => finding.flow !== null);
      const stays = this.touched || !told;
      void this.openFlow(stays ? this.flow : firstFlow(page), stays ? { first: this.view?.detail.first ?? 0, step: this.step } : {});
      return;
    }
    if (detail && detail.number === this.flow) this.showDetail(detail);
    else if (this.flow < 0 && page.flows.length) void this.openFlow(firstFlow(page));
    this.requestUpdate();
  }

  /** Did the reader do something already? Then what he looks at stays. */
  private get touched(): boolean {
    return this.step > 0 || this.segment >= 0;
  }

  private reads(percent: number): void {
    this.percent = percent;
    this.requestUpdate();
  }

  private finish(): void {
    this.ended = true;
    this.requestUpdate();
  }

  // -- what the reader does --------------------------------------------------------

  /** Look at a flow: at a step of the window from `first` on, or at a moment. */
  async openFlow(flow: number, place: { time?: number; step?: number; first?: number } = {}): Promise<void> {
    const { step } = place;
    if (flow < 0) return this.requestUpdate();
    const told = this.page.findings.find((finding) => finding.flow === flow && finding.t !== null);
    const time = place.time ?? (step === undefined && place.first === undefined ? (told?.t ?? undefined) : undefined);
    const detail = await this.backend.detail(flow, place.first ?? (this.page.live ? -1 : 0), time);
    this.flow = flow;
    this.backend.look(flow);
    this.chosen = [null, null];
    this.view = null;
    this.message = 0;
    this.segment = this.packet = -1;
    if (detail) this.showDetail(detail);
    const steps = this.view ? (this.view as FlowView).steps : [];
    const found = steps.findIndex((s) => s.finding >= 0);
    const wanted = step ?? (place.time !== undefined ? stepAt(steps, place.time) : found >= 0 ? found : this.page.live ? steps.length - 1 : 0);
    this.step = Math.max(0, Math.min(wanted, steps.length - 1));
    this.followSegment();
    this.requestUpdate();
    await this.updateComplete;
    this.follow();
    this.showBeginning();
  }

  /** Scroll no farther than the moment needs: how it came to it is to be seen as well. */
  private showBeginning(): void {
    const step = this.view?.steps[this.step];
    const scroller = this.ladder?.scroller;
    if (!step || !scroller || !this.view) return;
    const least = this.view.model.scale.y(step.t) + ROOM_BELOW - scroller.clientHeight;
    scroller.scrollTop = Math.min(scroller.scrollTop, Math.max(0, least));
  }

  private showDetail(detail: Detail): void {
    const atEnd = !this.view || (this.following && this.step >= this.view.steps.length - 1);
    const open = this.view?.detail.number === detail.number ? this.view.open : undefined;
    this.view = flowView(this.page, detail, this.ladder?.room ?? ROOM_AT_FIRST, open);
    this.linksByMessage = new Map();
    for (const link of detail.links) {
      if (link.message === null) continue;
      const list = this.linksByMessage.get(link.message);
      if (list) list.push(link);
      else this.linksByMessage.set(link.message, [link]);
    }
    if (atEnd) this.step = Math.max(0, this.view.steps.length - 1);
    this.ladder?.show(this.view.model);
  }

  /** The window of calls before or behind the one that is looked at. */
  async openWindow(by: 1 | -1): Promise<void> {
    const detail = this.view?.detail;
    if (!detail) return;
    const first = Math.max(0, detail.first + by * detail.calls.length);
    await this.openFlow(this.flow, { first, step: by > 0 ? 0 : Infinity });
    history.replaceState(null, "", this.link());
  }

  goTo(step: number): void {
    const last = (this.view?.steps.length ?? 1) - 1;
    const detail = this.view?.detail;
    if (detail && step > last && detail.first + detail.calls.length < detail.total) return void this.openWindow(1);
    if (detail && step < 0 && detail.first > 0) return void this.openWindow(-1);
    this.step = Math.max(0, Math.min(step, last));
    this.following = this.step >= last;
    this.followSegment();
    history.replaceState(null, "", this.link());
    this.requestUpdate();
    void this.updateComplete.then(() => this.follow());
  }

  /** A step that is a segment picks it; any other picks none. */
  private followSegment(): void {
    this.segment = this.view?.steps[this.step]?.segment ?? -1;
    const link = this.view?.steps[this.step]?.link;
    const packet = this.view?.detail.segments?.[this.segment]?.packet ?? (link === undefined ? undefined : this.view?.detail.links[link]?.packet);
    if (packet != null) this.packet = packet;
  }

  goToLine(name: string, line: number, only?: number): void {
    const steps = this.view?.steps ?? [];
    const fits = (number: number) => {
      const call = this.view?.detail.calls[steps[number]!.call];
      const found = call?.line == null ? undefined : this.page.lines[call.line];
      return !!call && (only === undefined || call.side === only) && found?.line === line && this.page.sources[found.source]?.name === name;
    };
    const all = steps.map((_, number) => number).filter(fits);
    const next = all.find((number) => number > this.step) ?? all[0];
    if (next !== undefined) this.goTo(next);
  }

  async goToFinding(number: number): Promise<void> {
    const finding = this.page.findings[number];
    if (!finding) return;
    const place = () => this.view?.steps.findIndex((step) => step.finding === number) ?? -1;
    if (finding.flow !== null && (finding.flow !== this.flow || place() < 0)) await this.openFlow(finding.flow, finding.t === null ? {} : { time: finding.t });
    const at = place();
    const time = this.view?.steps[at]?.t;
    const fold = time === undefined ? undefined : this.view!.model.folds.find((f) => f.repeat && f.t0 < time && time < f.t1);
    if (fold) this.unfold(fold);
    if (at >= 0) this.goTo(at);
    this.querySelector(".stage")?.scrollIntoView({ block: "nearest" });
  }

  /** Draw a repetition in full. */
  unfold(fold: Fold): void {
    if (!this.view || !fold.repeat) return;
    this.view.open.add(fold.repeat.t0);
    this.showDetail(this.view.detail);
    this.requestUpdate();
  }

  open(tab: string): void {
    this.tab = tab;
    history.replaceState(null, "", this.link());
    this.requestUpdate();
  }

  /** Pick a segment in the ladder: what it is takes the place of the step's sentence. */
  pickSegment(segment: number): void {
    const found = this.view?.detail.segments?.[segment];
    if (!found) return;
    const step = this.view!.steps.findIndex((one) => one.segment === segment);
    if (step >= 0 && step !== this.step) return this.goTo(step);
    this.segment = segment;
    this.packet = found.packet;
    this.requestUpdate();
    const time = this.view!.detail.segments![segment]!.t;
    void this.updateComplete.then(() => {
      this.ladder?.at(time, { call: -1, link: -1, segment });
      this.connect();
    });
  }

  openPacket(packet: number): void {
    const segment = this.view?.detail.segments?.findIndex((s) => s.packet === packet) ?? -1;
    if (segment >= 0) this.pickSegment(segment);
    this.packet = packet;
    this.requestUpdate();
  }

  /** Open a tab and bring it into view. */
  showPanel(tab: string): void {
    this.open(tab);
    void this.updateComplete.then(() => this.querySelector("[role=tabpanel]")?.scrollIntoView({ block: "start" }));
  }

  /** A packet's layers; undefined while they are asked for, null when they are not to be had. */
  opened(packet: number): Opened | null | undefined {
    if (!this.openedPackets.has(packet)) {
      this.openedPackets.set(packet, undefined);
      void this.backend.packet(packet).catch(() => null).then((found) => {
        this.openedPackets.set(packet, found);
        this.requestUpdate();
      });
    }
    return this.openedPackets.get(packet);
  }

  openMessage(number: number): void {
    this.message = number;
    this.open("bytes");
  }

  reveal(): void {
    this.revealed = !this.revealed;
    this.requestUpdate();
  }

  setFilter(text: string): void {
    this.filter = text;
    this.requestUpdate();
  }

  toggleFold(): void {
    this.unfolded = !this.unfolded;
    this.requestUpdate();
  }

  chooseSource(side: number, source: number): void {
    this.chosen[side] = source;
    this.requestUpdate();
  }

  speak(lang: Lang): void {
    setLang(lang);
    document.documentElement.lang = lang === "zh" ? "zh-CN" : "en";
    document.title = `Plainwire · ${this.page.title}`;
    if (this.view) this.ladder?.show(this.view.model);
    this.requestUpdate();
  }

  private theme(): void {
    const root = document.documentElement;
    root.dataset.theme = root.dataset.theme === "dark" ? "light" : "dark";
    this.requestUpdate();
  }

  private pressed(event: KeyboardEvent): void {
    const target = event.target as HTMLElement;
    if (event.ctrlKey || event.metaKey || event.altKey || target.closest("input, select, textarea, [role=tablist]")) return;
    const last = (this.view?.steps.length ?? 1) - 1;
    if (event.key === "[" || event.key === "]") {
      event.preventDefault();
      return this.nextSegment(event.key === "]" ? 1 : -1);
    }
    const steps: Record<string, number> = { ArrowRight: this.step + 1, ArrowLeft: this.step - 1, Home: 0, End: last };
    const wanted = steps[event.key];
    if (wanted === undefined) return;
    event.preventDefault();
    this.goTo(wanted);
  }

  nextSegment(by: 1 | -1): void {
    const segments = this.view?.detail.segments ?? [];
    if (!segments.length) return;
    const now = this.view?.steps[this.step]?.t ?? 0;
    const here = this.segment >= 0 ? this.segment + by : by > 0 ? segments.findIndex((s) => s.t >= now) : segments.findLastIndex((s) => s.t <= now);
    this.pickSegment(Math.max(0, Math.min(here < 0 ? segments.length - 1 : here, segments.length - 1)));
  }

  // -- what follows from it --------------------------------------------------------

  get row(): FlowRow | undefined {
    return this.page.flows.find((row) => row.number === this.flow);
  }

  /** Numbers of this flow's packets that can be opened. */
  get packets(): number[] {
    const detail = this.view?.detail;
    return detail?.segments?.map((s) => s.packet) ?? detail?.links.flatMap((l) => l.packet ?? []) ?? [];
  }

  get narration(): string {
    const segment = this.view?.detail.segments?.[this.segment];
    if (segment) return `${t("packet {number}", { number: segment.packet })} · ${segmentText(this.page, this.view!.detail, segment)}`;
    const step = this.view?.steps[this.step];
    if (!this.view || !step) return "";
    const link = step.link === undefined ? undefined : this.view.detail.links[step.link];
    if (link) return linkText(link);
    return narrate(this.page, step, this.view.detail.calls[step.call], this.view.pieces.get(step.call) ?? []);
  }

  link(): string {
    return writeHash({ flow: this.flow, step: this.step, tab: this.tab, lang: getLang(), from: this.view?.detail.first ?? 0 });
  }

  /** The line a side is at: that of its last call up to this step. */
  currentLine(side: 0 | 1): Line | null {
    const view = this.view;
    const step = view?.steps[this.step];
    if (!view || !step) return null;
    let found: number | null = null;
    for (const call of view.detail.calls) {
      if (call.t0 > step.t) break;
      if (call.side === side && call.line !== null) found = call.line;
    }
    return found === null ? null : (this.page.lines[found] ?? null);
  }

  sourcesOf(side: 0 | 1): number[] {
    const found = new Set<number>();
    for (const key of this.view?.lines[side]?.keys() ?? []) found.add(Math.floor(key / 2 ** 20));
    const end = side === 0 ? this.row?.client : this.row?.server;
    if (end?.source != null) found.add(end.source);
    return [...found].sort((a, b) => a - b);
  }

  sourceOf(side: 0 | 1): number | null {
    const end = side === 0 ? this.row?.client : this.row?.server;
    return this.chosen[side] ?? this.currentLine(side)?.source ?? end?.source ?? this.sourcesOf(side)[0] ?? null;
  }

  payloadOf(side: number, start: number, end: number): Uint8Array | null {
    return payloadOf(this.view?.detail.payload ?? [], side, start, end);
  }

  private follow(): void {
    const step = this.view?.steps[this.step];
    if (!this.view || !step) return;
    const picked: Picked = { call: step.call, link: step.link ?? this.linkOf(step.call), segment: this.segment };
    this.ladder?.at(step.t, picked);
    for (const line of this.querySelectorAll(".code-line.now")) center(line as HTMLElement);
    this.connect();
  }

  private linkOf(call: number): number {
    if (call < 0) return -1;
    return this.view?.detail.links.findIndex((link) => link.leave === call || (link.land === call && link.leave !== null)) ?? -1;
  }

  /** Draw the lines between source lines and calls anew; called on every scroll. */
  connect(): void {
    connectors(this);
  }

  // -- drawing ---------------------------------------------------------------------

  protected override updated(): void {
    const host = this.querySelector<HTMLElement>(".wire-host");
    if (host && !this.ladder) {
      this.ladder = new Ladder(host, {
        onPick: (picked) => this.pick(picked),
        onScroll: () => this.connect(),
        lineOf: (call) => this.lineOf(call),
        foldLabel: (fold) => foldLabel(this, fold),
        onUnfold: (fold) => this.unfold(fold),
      });
      // A long ladder was made already, for a room that was guessed, and is the same for this one.
      const made = this.view && isLong(this.view.model, Math.max(this.ladder.room, ROOM_AT_FIRST));
      if (this.view && made) this.ladder.show(this.view.model);
      else if (this.view) this.showDetail(this.view.detail);
      this.follow();
    }
    this.ladder?.scroller.setAttribute("aria-label", t("Ladder of calls and segments"));
    this.connect();
  }

  private pick(picked: Picked): void {
    if (picked.segment >= 0) return this.pickSegment(picked.segment);
    const link = this.view?.detail.links[picked.link];
    const call = picked.call >= 0 ? picked.call : (link?.leave ?? link?.land ?? -1);
    const at = this.view?.steps.findLastIndex((step) => step.call === call) ?? -1;
    const passed = this.view?.steps.findIndex((step) => step.link === picked.link) ?? -1;
    if (call >= 0 && at >= 0) this.goTo(at);
    else if (link && passed >= 0) this.goTo(passed);
    if (link?.packet != null) this.openPacket(link.packet);
  }

  private lineOf(number: number): string {
    const call = this.view?.detail.calls[number];
    const line = call?.line == null ? undefined : this.page.lines[call.line];
    return line ? `:${line.line}` : "";
  }

  protected override render(): TemplateResult {
    if (this.trouble) return html`<main><p class="pad">${t("The page's data could not be read")}: ${this.trouble}</p></main>`;
    if (!this.page) return html`<main aria-busy="true"></main>`;
    return html`${this.head()}
      <main>
        <div class="first">
        ${verdict(this)}
        ${paper(this)}
        <div class="stage">
          ${code(this, 0)}
          ${wire(this)}
          ${code(this, 1)}
          <svg class="connectors" aria-hidden="true"></svg>
        </div>
        ${scrubber(this)}
        </div>
        ${this.tabs()}
      </main>`;
  }

  private head(): TemplateResult {
    const lang = getLang() === "zh" ? "en" : "zh";
    return html`<header class="top"><h1>Plainwire <span class="dim">${this.page.title}</span></h1>
      ${this.wasLive ? html`<span class="live ${this.ended ? "over" : ""}" role="status">${this.ended ? t("run ended") : `● ${t("live")}`}</span>` : nothing}
      <span class="spring"></span>
      ${this.page.payload ? html`<button aria-pressed=${this.revealed} @click=${() => this.reveal()}>${this.revealed ? t("Hide payload") : t("Reveal payload")}</button>` : nothing}
      <button lang=${lang} @click=${() => this.speak(lang)}>${lang === "zh" ? "中文" : "English"}</button>
      <button @click=${() => this.theme()}>${t("dark / light")}</button></header>`;
  }

  private tabs(): TemplateResult {
    const names = Object.keys(TABS).filter((name) => !this.page.foreign || !OF_CODE.has(name));
    const move = (event: KeyboardEvent) => {
      const by = event.key === "ArrowRight" ? 1 : event.key === "ArrowLeft" ? -1 : 0;
      if (!by) return;
      event.preventDefault();
      this.open(names[(names.indexOf(this.tab) + by + names.length) % names.length]!);
      void this.updateComplete.then(() => this.querySelector<HTMLElement>("[role=tab][aria-selected=true]")?.focus());
    };
    return html`<section class="tabs"><div role="tablist" aria-label=${t("More about this run")} @keydown=${move}>
        ${names.map((name) => html`<button role="tab" id=${`tab-${name}`} aria-controls="panel" aria-selected=${name === this.tab} tabindex=${name === this.tab ? 0 : -1} @click=${() => this.open(name)}>${t(TABS[name]![0])}${name === "findings" && this.page.findings.length ? ` (${this.page.findings.length})` : ""}</button>`)}
      </div>
      <div role="tabpanel" id="panel" aria-labelledby=${`tab-${this.tab}`} tabindex="0">${TABS[this.tab]![1](this)}</div>
      ${this.page.unseen.length ? html`<details class="pad"><summary>${t("What was not seen")}</summary><ul>${this.page.unseen.map((text) => html`<li>${text}</li>`)}</ul></details>` : nothing}
    </section>`;
  }
}

function center(line: HTMLElement): void {
  const box = line.closest<HTMLElement>(".lines");
  if (!box) return;
  const top = line.offsetTop - box.offsetTop;
  if (top < box.scrollTop + 20 || top > box.scrollTop + box.clientHeight - 40) box.scrollTop = Math.max(0, top - box.clientHeight / 2);
}

export { lineKey };
customElements.define("plainwire-page", App);
