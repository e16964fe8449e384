// What kind of thing a call does, by its name in records.py. Pure.
import type { Call, Detail, Link, Message } from "./types";

export function isSend(op: string): boolean {
  return op.startsWith("send") || op.startsWith("os.write") || op === "os.sendfile" || op === "tls.write" || op === "stream.queue";
}

export function isReceive(op: string): boolean {
  return op.startsWith("recv") || op.startsWith("os.read") || op === "tls.read" || op.startsWith("stream.read");
}

export function isClose(op: string): boolean {
  return op === "close" || op === "closed" || op === "dropped" || op === "shutdown";
}

/** Does it wait for something that the other side or another program must do? */
export function isWait(op: string): boolean {
  return isReceive(op) || op === "accept" || op.startsWith("connect") || op === "stream.drain";
}

/** The name that people know: `stream.readline` is `readline`. */
export function shortOp(op: string): string {
  return op === "closed" ? "close" : op.slice(op.lastIndexOf(".") + 1);
}

/** `C1`: the client's first message; `S1`: the server's. */
export function messageName(message: Message): string {
  return `${message.side === 0 ? "C" : "S"}${message.number}`;
}

/** Eight hues; a message keeps the one its number names, the two sides out of step. */
export function hueOf(message: Message): number {
  return (message.number - 1 + message.side * 4) % 8;
}

/** When a call ended, an open one at the end of the run. */
export function endOf(call: Call, ended: number): number {
  return call.t1 ?? ended;
}

/** One message's bytes, or a part of them, as one call moved them. */
export interface Piece {
  message: Message;
  start: number;
  end: number;
  link: Link | null;
}

/** Of a piece: is it the whole message? */
export function isWhole(piece: Piece): boolean {
  return piece.start === piece.message.start && piece.end === piece.message.end;
}

/** `C2`, or `C2[3:]` for a part of it. */
export function pieceName(piece: Piece): string {
  const name = messageName(piece.message);
  if (isWhole(piece)) return name;
  const from = piece.start - piece.message.start;
  const to = piece.end - piece.message.start;
  return `${name}[${from || ""}:${piece.end === piece.message.end ? "" : to}]`;
}

/** For every call, the pieces of messages it sent or took, in order of the stream. */
export function piecesByCall(detail: Detail): Map<number, Piece[]> {
  const found = new Map<number, Piece[]>();
  const add = (call: number | null, piece: Piece) => {
    if (call === null) return;
    const list = found.get(call);
    if (list) list.push(piece);
    else found.set(call, [piece]);
  };
  for (const message of detail.messages) {
    if (message.call !== null) add(message.call, { message, start: message.start, end: message.end, link: null });
  }
  for (const link of detail.links) {
    if (link.message === null) continue;
    const message = detail.messages[link.message];
    if (message) add(link.land, { message, start: link.start, end: link.end, link });
  }
  for (const list of found.values()) list.sort((a, b) => a.start - b.start);
  return found;
}
