// The ladder on paper: the whole drawing in place of the part that is in sight, cut into
// pieces no taller than a page. Made when printing begins, gone when it is over.
import { s } from "./ladder/draw";
import type { Ladder } from "./ladder/ladder";
import { t } from "./words";

const FIRST = 540; // pixels of the ladder; the verdict stands above it
const PIECE = 760; // less than a page
const MOST = 12_000; // about sixteen pages

function printed(ladder: Ladder, all: number): Element[] {
  const whole = ladder.whole(MOST);
  // What is drawn was drawn for the screen; the place it had there may be gone already.
  const width = Number(ladder.scroller.querySelector("svg")?.getAttribute("width") ?? 0);
  const height = Number(whole.getAttribute("height"));
  // A `use` is styled by what stands inside of what it uses: the class has to be there.
  const drawing = s("g", { id: "pw-printed", class: "ladder" }, ...whole.childNodes);
  const pieces: Element[] = [];
  for (let top = 0, tall = FIRST; top < height || !pieces.length; top += tall, tall = PIECE) {
    const inside = pieces.length ? s("use", { href: "#pw-printed" }) : drawing;
    pieces.push(s("svg", { viewBox: `0 ${top} ${width} ${Math.max(1, Math.min(tall, height - top))}`, width: "100%" }, inside));
  }
  if (all > height) {
    const rest = document.createElement("p");
    rest.textContent = t("The rest of the ladder is not printed.");
    pieces.push(rest);
  }
  return pieces;
}

/** Put the drawing into `.printed` while the page is printed. */
export function followPrinting(root: HTMLElement, ladder: () => Ladder | null, height: () => number): void {
  const fill = () => {
    const one = ladder();
    const place = root.querySelector(".printed");
    if (one && !place?.firstChild) place?.replaceChildren(...printed(one, height()));
  };
  const empty = () => root.querySelector(".printed")?.replaceChildren();
  window.addEventListener("beforeprint", fill);
  window.addEventListener("afterprint", empty);
  const paper = matchMedia("print");
  paper.addEventListener("change", () => (paper.matches ? fill() : empty()));
}
