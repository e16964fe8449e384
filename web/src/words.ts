// The reader's language. English text is a message's own name; Chinese comes with the
// page's data. Every literal given to `t` stands in src/plainwire/web/words.py.
import type { Words } from "./types";

export type Lang = "en" | "zh";

let lang: Lang = "en";
let chinese: Record<string, string> = {};

export function setWords(table: Record<string, string>): void {
  chinese = table;
}

export function setLang(wish: Lang): void {
  lang = wish;
}

export function getLang(): Lang {
  return lang;
}

/** Say a message of the page in the reader's language, its `{names}` filled in. */
export function t(message: string, values: Record<string, string | number> = {}): string {
  const said = lang === "zh" ? (chinese[message] ?? message) : message;
  return said.replace(/\{(\w+)\}/g, (whole, name: string) => String(values[name] ?? whole));
}

/** Mark a message that is translated later. */
export function n(message: string): string {
  return message;
}

/** A text of the data in the reader's language. */
export function say(words: Words): string {
  return lang === "zh" ? words.zh : words.en;
}
