// Python source cut into coloured pieces: enough for reading, not a parser. Pure.
const KEYWORDS = new Set(
  ("False None True and as assert async await break class continue def del elif else except finally for from " +
    "global if import in is lambda nonlocal not or pass raise return try while with yield match case").split(" "),
);
const TOKEN = /(#.*$)|((?:[rbfuRBFU]{0,2})(?:"""[\s\S]*?(?:"""|$(?![\s\S]))|'''[\s\S]*?(?:'''|$(?![\s\S]))|"(?:\\.|[^"\\\n])*"?|'(?:\\.|[^'\\\n])*'?))|([A-Za-z_\u0080-\uffff][\w\u0080-\uffff]*)|(\d[\w.]*)/gm;

export interface Token {
  text: string;
  kind: "" | "comment" | "string" | "keyword" | "number";
}

/** The tokens of every line; a string over several lines is cut at the line ends. */
export function tokenLines(source: string): Token[][] {
  const lines: Token[][] = [[]];
  const push = (text: string, kind: Token["kind"]) => {
    text.split("\n").forEach((part, number) => {
      if (number) lines.push([]);
      if (part) lines.at(-1)!.push({ text: part, kind });
    });
  };
  let at = 0;
  for (const match of source.matchAll(TOKEN)) {
    if (match.index > at) push(source.slice(at, match.index), "");
    const [text, comment, string, word, number] = match;
    const kind = comment ? "comment" : string ? "string" : number ? "number" : word && KEYWORDS.has(word) ? "keyword" : "";
    push(text, kind);
    at = match.index + text.length;
  }
  push(source.slice(at), "");
  return lines;
}

/** Cut tokens at two columns (0-based), so that the stretch between can be marked. */
export function cutTokens(tokens: Token[], from: number, to: number): { token: Token; inside: boolean }[] {
  const out: { token: Token; inside: boolean }[] = [];
  let at = 0;
  for (const token of tokens) {
    const points = [0, from - at, to - at, token.text.length].filter((p) => p >= 0 && p <= token.text.length).sort((a, b) => a - b);
    for (let n = 0; n + 1 < points.length; n++) {
      const [start, end] = [points[n]!, points[n + 1]!];
      if (end > start) out.push({ token: { ...token, text: token.text.slice(start, end) }, inside: at + start >= from && at + end <= to });
    }
    at += token.text.length;
  }
  return out;
}
