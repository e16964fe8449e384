// The ladder on paper: the whole drawing in place of the part that is in sight, cut into
// pieces no taller than a page. Made when printing begins, gone when it is over.
import { s } from "./ladder/draw";
import type { Ladder } from "./ladder/ladder";

const PIECE = 760; // pixels of the ladder; with its header less than a page at any width
const MOST = 12_000; // about sixteen pages

export function printed(ladder: Ladder): SVGElement[] {
  const whole = ladder.whole(MOST);
  // What is drawn was drawn for the screen; the place it had there may be gone already.
  const width = Number(ladder.scroller.querySelector("svg")?.getAttribute("width") ?? 0);
  const height = Number(whole.getAttribute("height"));
  const count = Math.max(1, Math.ceil(height / PIECE));
  const drawing = s("g", { id: "pw-printed" }, ...whole.childNodes);
  return Array.from({ length: count }, (_, at) => {
    const tall = Math.min(PIECE, height - at * PIECE);
    const inside = at === 0 ? drawing : s("use", { href: "#pw-printed" });
    return s("svg", { class: "ladder", viewBox: `0 ${at * PIECE} ${width} ${Math.max(1, tall)}`, width: "100%" }, inside);
  });
}

/** Put the drawing into `.printed` while the page is printed. */
export function followPrinting(root: HTMLElement, ladder: () => Ladder | null): void {
  const fill = () => {
    const one = ladder();
    const place = root.querySelector(".printed");
    if (one && !place?.firstChild) place?.replaceChildren(...printed(one));
  };
  const empty = () => root.querySelector(".printed")?.replaceChildren();
  window.addEventListener("beforeprint", fill);
  window.addEventListener("afterprint", empty);
  const paper = matchMedia("print");
  paper.addEventListener("change", () => (paper.matches ? fill() : empty()));
}
