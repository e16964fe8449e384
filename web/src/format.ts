// Numbers, times and bytes as people write them. Pure.
import { t } from "./words";

export function duration(ns: number): string {
  const abs = Math.abs(ns);
  if (abs < 1000) return `${ns} ns`;
  if (abs < 1e6) return `${round(ns / 1e3)} µs`;
  if (abs < 1e9) return `${round(ns / 1e6)} ms`;
  return `${round(ns / 1e9)} s`;
}

function round(value: number): string {
  const abs = Math.abs(value);
  return value.toFixed(abs < 10 ? 2 : abs < 100 ? 1 : 0).replace(/\.0+$/, "");
}

/** A moment of the run. */
export function moment(ns: number): string {
  return `${(ns / 1e9).toFixed(ns < 1e10 ? 6 : 3)} s`;
}

export function bytes(count: number): string {
  if (count === 1) return t("1 byte");
  return t("{count} bytes", { count: grouped(count) });
}

/** The shortest form, for gutters and arrows. */
export function brief(count: number): string {
  if (count < 10_000) return `${count} B`;
  const [value, unit] = count < 999_500 ? [count / 1e3, "kB"] : count < 999.5e6 ? [count / 1e6, "MB"] : [count / 1e9, "GB"];
  return `${Number(value.toPrecision(3))} ${unit}`;
}

export function grouped(count: number): string {
  return String(count).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** Bytes as hex pairs and as text; what is no printable ASCII shows as a dot. */
export function hexRows(data: Uint8Array, start: number): { offset: number; hex: string[]; text: string }[] {
  const rows = [];
  for (let at = 0; at < data.length; at += 16) {
    const part = data.subarray(at, at + 16);
    const hex = [...part].map((b) => b.toString(16).padStart(2, "0"));
    const text = [...part].map((b) => (b >= 32 && b < 127 ? String.fromCharCode(b) : "·")).join("");
    rows.push({ offset: start + at, hex, text });
  }
  return rows;
}

/**
 * UTF-8 text of a part of a stream. A character cut at either side is shown as its
 * hex bytes, so that a cut is seen and never hidden by a replacement sign.
 */
export function cutText(data: Uint8Array): string {
  let head = 0;
  while (head < data.length && head < 3 && (data[head]! & 0xc0) === 0x80) head++;
  let tail = data.length;
  for (let back = 1; back <= 3 && back <= data.length - head; back++) {
    const lead = data[data.length - back]!;
    if ((lead & 0xc0) === 0x80) continue;
    const need = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : lead >= 0xc0 ? 2 : 1;
    if (need > back) tail = data.length - back;
    break;
  }
  const raw = (part: Uint8Array) => [...part].map((b) => `\\x${b.toString(16).padStart(2, "0")}`).join("");
  const body = new TextDecoder("utf-8").decode(data.subarray(head, tail));
  const shown = body.replace(/[\u0000-\u001f\u007f]/g, (c) =>
    c === "\n" ? "\\n" : c === "\r" ? "\\r" : c === "\t" ? "\\t" : `\\x${c.charCodeAt(0).toString(16).padStart(2, "0")}`);
  return raw(data.subarray(0, head)) + shown + raw(data.subarray(tail));
}
