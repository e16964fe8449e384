// The ladder: two lifelines, arrows between them, time downwards. Uses no framework:
//
//   const ladder = new Ladder(element, { onPick, onScroll, lineOf, foldLabel });
//   ladder.show(buildModel(detail, page.ended));
//
// Virtualised: only what lies within a screen above and below is in the document, so a
// ladder of 100,000 segments scrolls like one of ten.
// And it is moved along: what stays in sight keeps its nodes, so that a frame of scrolling
// makes only what comes into sight. The drawing itself stays where it is for SHEET pixels:
// one that is moved has every text in it laid out again.
import { defs, drawArrow, drawBands, drawBar, drawFolds, drawLines, drawMark, drawNote, drawQueue, drawTime, Geometry, s, type Picked } from "./draw";
import type { Fold, LadderModel } from "./model";
import { Window } from "./window";

export interface LadderOptions {
  onPick(picked: Picked): void;
  onScroll(): void;
  lineOf(call: number): string;
  foldLabel(fold: Fold): string;
  onUnfold(fold: Fold): void;
}

const SHEET = 16_000; // px

/** Marks of one kind: those in sight are in the document, each by its own node. */
class Part<T> {
  readonly group: SVGElement;
  private readonly nodes = new Map<number, SVGElement>();

  constructor(name: string, readonly window: Window<T>, private readonly make: (item: T) => SVGElement) {
    this.group = s("g", { class: name });
  }

  /** Bring the marks between two heights into the document, and take the others out. */
  show(top: number, bottom: number): void {
    const { spans } = this.window;
    for (const [number, node] of this.nodes) {
      if (spans.y1[number]! >= top && spans.y0[number]! <= bottom) continue;
      node.remove();
      this.nodes.delete(number);
    }
    const numbers = this.window.numbers(top, bottom);
    let next: SVGElement | null = null;
    for (let n = numbers.length - 1; n >= 0; n--) {
      const number = numbers[n]!;
      let node = this.nodes.get(number);
      if (!node) {
        node = this.make(spans.at(number));
        this.nodes.set(number, node);
        this.group.insertBefore(node, next); // readers of a screen hear them in order of time
      }
      next = node;
    }
  }

  /** The node of a mark that is in the document. */
  node(number: number): SVGElement | undefined {
    return this.nodes.get(number);
  }

  /** Nodes of their own for a drawing that leaves the page. */
  whole(top: number, bottom: number): SVGElement {
    const name = this.group.getAttribute("class") ?? "";
    return s("g", { class: name }, ...this.window.between(top, bottom).map((item) => this.make(item)));
  }
}

function windowsOf(model: LadderModel) {
  return {
    marks: new Window(model.marks), bars: new Window(model.bars), arrows: new Window(model.arrows), queues: new Window(model.queues),
    bands: new Window(model.bands), folds: new Window(model.folds), notes: new Window(model.notes), times: new Window(model.times),
  };
}

type AnyPart = Pick<Part<unknown>, "group" | "show" | "whole" | "node">;

interface Parts {
  queues: AnyPart;
  bars: AnyPart;
  arrows: AnyPart;
  times: AnyPart;
  notes: AnyPart;
  marks: AnyPart;
}

export class Ladder {
  readonly scroller: HTMLElement;
  private readonly space: HTMLElement;
  private readonly svg: SVGElement;
  private model: LadderModel | null = null;
  private parts: Parts | null = null;
  private windows: ReturnType<typeof windowsOf> | null = null;
  private geometry = new Geometry(0);
  private readonly behind = s("g"); // what is drawn anew each time, it is little: states, lifelines
  private readonly front = s("g"); // and the folds
  private drawn: [number, number, number] = [0, -1, 0];
  private sheet: [number, number] = [0, -1];
  private picked: Picked = { call: -1, link: -1, segment: -1 };
  private now: number | null = null;
  private markOf = new Map<number, number>(); // call -> its mark
  private edges = new Map<number, number>(); // mark -> where a line to it ends, from the left
  private readonly watcher: ResizeObserver;

  constructor(host: HTMLElement, private readonly options: LadderOptions) {
    this.scroller = document.createElement("div");
    this.scroller.className = "ladder-scroll";
    this.scroller.tabIndex = 0; // so that the keyboard can scroll it
    this.scroller.setAttribute("role", "region");
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
    this.windows = windowsOf(model);
    this.markOf = new Map(model.marks.map((mark, number) => [mark.call, number]));
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
    const number = this.markOf.get(call);
    const node = number === undefined ? undefined : this.parts?.marks.node(number);
    if (number === undefined || !node) return null;
    const mark = this.model!.marks[number]!;
    const y = mark.y0 + 12 - this.scroller.scrollTop;
    if (y < 0 || y > this.room) return null;
    let x = this.edges.get(number);
    if (x === undefined) {
      const box = node.getBoundingClientRect(); // asked once: it costs a layout
      const own = this.scroller.getBoundingClientRect();
      x = mark.side === 0 ? box.left - own.left - 3 : box.right - own.left + 3;
      this.edges.set(number, x);
    }
    return { x, y, side: mark.side };
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
    if (this.parts) svg.append(defs(), ...this.ground(0, height), ...Object.values(this.parts).map((part: AnyPart) => part.whole(0, height)), this.folds(0, height));
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
    const { model } = this;
    if (!model) return;
    const height = this.scroller.clientHeight || 400;
    const top = this.scroller.scrollTop;
    const [from, to, width] = this.drawn;
    const near = height / 2; // drawn before it comes into sight
    const enough = top - near >= from && top + height + near <= to && width === this.width;
    if (!force && enough) return;
    const first = Math.max(0, top - height * 0.75);
    const last = Math.min(model.height, top + height * 1.75);
    const wide = this.width;
    this.drawn = [first === 0 ? -Infinity : first, last === model.height ? Infinity : last, wide];
    if (force || width !== wide || first < this.sheet[0] || last > this.sheet[1]) this.lay(first, last, wide);
    if (force || width !== wide || !this.parts) this.renew();
    this.behind.replaceChildren(...this.ground(first, last));
    this.front.replaceChildren(this.folds(first, last));
    for (const part of Object.values(this.parts!) as AnyPart[]) part.show(first, last);
    if (force) this.options.onScroll();
  }

  /** Put the drawing where a stretch is in its middle, so that it need not move for long. */
  private lay(first: number, last: number, width: number): void {
    const top = Math.max(0, Math.floor((first + last - SHEET) / 2));
    const tall = Math.max(1, Math.min(this.model!.height, top + Math.max(SHEET, last - first)) - top);
    this.sheet = [top, top + tall];
    this.svg.setAttribute("width", String(width));
    this.svg.setAttribute("height", String(tall));
    this.svg.setAttribute("viewBox", `0 ${top} ${width} ${tall}`);
    this.svg.style.top = `${top}px`;
  }

  /** Nodes know the width, what is picked and the reader's language: none can stay. */
  private renew(): void {
    const w = this.windows!;
    const g = (this.geometry = new Geometry(this.width));
    this.edges.clear();
    const { call } = this.picked;
    const part = <T>(name: string, window: Window<T>, make: (item: T) => SVGElement) => new Part(name, window, make);
    this.parts = {
      queues: part("queues", w.queues, (item) => drawQueue(item, g)),
      bars: part("bars", w.bars, (item) => drawBar(item, g, call)),
      arrows: part("arrows", w.arrows, (item) => drawArrow(item, g, this.picked)),
      times: part("times", w.times, drawTime),
      notes: part("notes", w.notes, (item) => drawNote(item, g, this.options.lineOf)),
      marks: part("marks", w.marks, (item) => drawMark(item, g, this.options.lineOf, call)),
    };
    this.svg.replaceChildren(defs(), this.behind, ...Object.values(this.parts).map((one: AnyPart) => one.group), this.front);
  }

  private folds(top: number, bottom: number): SVGElement {
    return drawFolds(this.windows!.folds.between(top, bottom), this.geometry, this.options.foldLabel);
  }

  /** The moment, the states and the lifelines. */
  private ground(top: number, bottom: number): Node[] {
    const { windows, model, geometry: g } = this;
    if (!windows || !model) return [];
    const nodes: Node[] = [
      drawBands(windows.bands.between(top, bottom), g, top, bottom),
      drawLines(g, Math.max(top, 8), bottom),
    ];
    if (this.now !== null) {
      const y = model.scale.y(this.now);
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

