// The ladder: two lifelines, arrows between them, time downwards. Uses no framework:
//
//   const ladder = new Ladder(element, { onPick, onScroll, lineOf, foldLabel });
//   ladder.show(buildModel(detail, page.ended));
//
// Virtualised: only what lies within a screen above and below is in the document, so a
// ladder of 100,000 segments scrolls like one of ten.
import { defs, drawArrows, drawBands, drawBars, drawFolds, drawLines, drawMarks, drawNotes, drawQueues, drawTimes, Geometry, s, type Picked } from "./draw";
import type { Arrow, Band, Bar, Fold, LadderModel, Mark, Note, Queue } from "./model";
import { Window } from "./window";

export interface LadderOptions {
  onPick(picked: Picked): void;
  onScroll(): void;
  lineOf(call: number): string;
  foldLabel(fold: Fold): string;
  onUnfold(fold: Fold): void;
}

interface Windows {
  marks: Window<Mark>;
  bars: Window<Bar>;
  arrows: Window<Arrow>;
  queues: Window<Queue>;
  bands: Window<Band>;
  folds: Window<Fold>;
  notes: Window<Note>;
}

export class Ladder {
  readonly scroller: HTMLElement;
  private readonly space: HTMLElement;
  private readonly svg: SVGElement;
  private model: LadderModel | null = null;
  private windows: Windows | null = null;
  private drawn: [number, number, number] = [0, -1, 0];
  private picked: Picked = { call: -1, link: -1, segment: -1 };
  private now: number | null = null;
  private readonly watcher: ResizeObserver;

  constructor(host: HTMLElement, private readonly options: LadderOptions) {
    this.scroller = document.createElement("div");
    this.scroller.className = "ladder-scroll";
    this.space = document.createElement("div");
    this.space.className = "ladder-space";
    this.svg = s("svg", { class: "ladder", role: "list" });
    this.space.append(this.svg);
    this.scroller.append(this.space);
    host.append(this.scroller);
    this.scroller.addEventListener("scroll", () => this.scrolled(), { passive: true });
    this.svg.addEventListener("click", (event) => this.clicked(event));
    this.watcher = new ResizeObserver(() => this.draw(true));
    this.watcher.observe(this.scroller);
  }

  dispose(): void {
    this.watcher.disconnect();
    this.scroller.remove();
  }

  show(model: LadderModel): void {
    this.model = model;
    this.windows = {
      marks: new Window(model.marks), bars: new Window(model.bars), arrows: new Window(model.arrows),
      queues: new Window(model.queues), bands: new Window(model.bands), folds: new Window(model.folds),
      notes: new Window(model.notes),
    };
    this.space.style.height = `${model.height}px`;
    this.draw(true);
  }

  /** Mark the moment and the call, link or segment that the reader is at; bring it into view. */
  at(time: number | null, picked: Picked, follow = true): void {
    this.now = time;
    this.picked = picked;
    if (follow && time !== null && this.model) this.bring(this.model.scale.y(time));
    this.draw(true);
  }

  /** How high it may be without being scrolled. */
  get room(): number {
    return this.scroller.clientHeight;
  }

  get width(): number {
    return this.scroller.clientWidth;
  }

  /** Where a call's label stands in the scroller's own coordinates; null when out of sight. */
  anchor(call: number): { x: number; y: number; side: 0 | 1 } | null {
    const node = this.svg.querySelector(`.mark[data-call="${call}"]`);
    if (!node) return null;
    const box = node.getBoundingClientRect();
    const own = this.scroller.getBoundingClientRect();
    const y = Number(node.getAttribute("data-y")) - this.scroller.scrollTop;
    if (y < 0 || y > own.height) return null;
    const side = box.left + box.width / 2 < own.left + own.width / 2 ? 0 : 1;
    return { x: side === 0 ? box.left - own.left - 3 : box.right - own.left + 3, y, side };
  }

  /** The calls whose labels are in sight. */
  visibleCalls(): number[] {
    if (!this.windows) return [];
    const top = this.scroller.scrollTop;
    return this.windows.marks.between(top, top + this.scroller.clientHeight).map((mark) => mark.call);
  }

  /** The whole ladder as one drawing, up to a height that a viewer can open. */
  whole(limit = 20_000): SVGElement {
    const height = Math.min(this.model?.height ?? 0, limit);
    const svg = s("svg", { xmlns: "http://www.w3.org/2000/svg", width: this.width, height, viewBox: `0 0 ${this.width} ${height}`, class: "ladder" });
    svg.append(...this.nodes(0, height));
    return svg;
  }

  private bring(y: number): void {
    const top = this.scroller.scrollTop;
    const height = this.scroller.clientHeight;
    if (y < top + 50 || y > top + height - 60) this.scroller.scrollTop = Math.max(0, y - height / 2);
  }

  private scrolled(): void {
    this.draw(false);
    this.options.onScroll();
  }

  private draw(force: boolean): void {
    if (!this.model) return;
    const height = this.scroller.clientHeight || 400;
    const top = this.scroller.scrollTop;
    const [from, to, width] = this.drawn;
    const enough = top >= from && top + height <= to && width === this.width;
    if (!force && enough) return;
    const first = Math.max(0, top - height);
    const last = Math.min(this.model.height, top + 2 * height);
    this.drawn = [first === 0 ? -1 : first, last === this.model.height ? Infinity : last, this.width];
    const tall = Math.max(last - first, 1);
    this.svg.setAttribute("width", String(this.width));
    this.svg.setAttribute("height", String(tall));
    this.svg.setAttribute("viewBox", `0 ${first} ${this.width} ${tall}`);
    this.svg.style.top = `${first}px`;
    this.svg.replaceChildren(...this.nodes(first, last));
    if (force) this.options.onScroll();
  }

  private nodes(top: number, bottom: number): Node[] {
    const w = this.windows;
    if (!w || !this.model) return [];
    const g = new Geometry(this.width);
    const nodes = [
      defs(),
      drawBands(w.bands.between(top, bottom), g, top, bottom),
      drawLines(g, Math.max(top, 8), bottom),
      drawQueues(w.queues.between(top, bottom), g),
      drawBars(w.bars.between(top, bottom), g, this.picked.call),
      drawFolds(w.folds.between(top, bottom), g, this.options.foldLabel),
      drawArrows(w.arrows.between(top, bottom), g, this.picked),
      drawTimes(this.model, top, bottom),
      drawNotes(w.notes.between(top, bottom), g, this.options.lineOf),
      drawMarks(w.marks.between(top, bottom), g, this.options.lineOf, this.picked.call),
    ];
    if (this.now !== null) {
      const y = this.model.scale.y(this.now);
      nodes.unshift(s("rect", { x: 0, y: y - 11, width: this.width, height: 22, class: "now-line" }));
    }
    return nodes;
  }

  private clicked(event: Event): void {
    const folded = (event.target as Element).closest("[data-fold]");
    const fold = this.model?.folds.find((one) => String(one.t0) === folded?.getAttribute("data-fold"));
    if (fold?.repeat) return this.options.onUnfold(fold);
    const node = (event.target as Element).closest("[data-call], [data-link], [data-segment]");
    if (!node) return;
    const read = (name: string) => Number(node.getAttribute(name) ?? -1);
    this.options.onPick({ call: read("data-call"), link: read("data-link"), segment: read("data-segment") });
  }
}

