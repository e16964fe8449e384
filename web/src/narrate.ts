// What a step means, in a sentence for a reader who never saw a packet. Pure.
import { isClose, isReceive, isSend, pieceName, shortOp, type Piece } from "./calls";
import { bytes } from "./format";
import type { Step } from "./steps";
import type { Call, Page } from "./types";
import { say, t } from "./words";

export function lineText(page: Page, call: Call): string {
  const line = call.line === null ? undefined : page.lines[call.line];
  if (!line) return page.processes[call.process]?.name ?? "?";
  return `${page.sources[line.source]?.name ?? "?"}:${line.line}`;
}

export function narrate(page: Page, step: Step, call: Call | undefined, pieces: Piece[]): string {
  if (!call) {
    const finding = page.findings[step.finding];
    return finding ? say(finding.message).replace(/[\ue000\ue001]/g, "") : "";
  }
  const where = lineText(page, call);
  const op = shortOp(call.op);
  if (call.failure && step.phase !== "enter") return t("{where}: {op} fails with {failure}", { where, op, failure: call.failure });
  if (call.op.startsWith("connect")) return connecting(step, where);
  if (call.op === "accept") return accepting(step, where);
  if (isReceive(call.op)) return receiving(step, call, where, op, pieces);
  if (isSend(call.op)) {
    const names = pieces.map(pieceName).join(", ");
    return t("{where}: {op} hands {size} to the kernel as {names}; it does not wait for the other side", { where, op, size: bytes(call.count), names: names || "?" });
  }
  if (call.op === "listen") return t("{where}: listen; from here on the kernel answers SYN by itself, the program is not asked", { where });
  if (call.op === "bind") return t("{where}: bind takes the address; nothing is sent", { where });
  if (isClose(call.op)) return t("{where}: {op}; FIN says that no more bytes will follow", { where, op });
  return t("{where}: {op}", { where, op });
}

function connecting(step: Step, where: string): string {
  if (step.phase === "enter") return t("{where}: connect sends SYN and waits: the handshake begins at this line", { where });
  return t("{where}: connect returns: SYN, SYN+ACK and ACK are exchanged, the handshake is done", { where });
}

function accepting(step: Step, where: string): string {
  if (step.phase === "enter") return t("{where}: accept waits for a finished connection", { where });
  return t("{where}: accept takes a connection that the kernel had finished; no segment is sent for it", { where });
}

function receiving(step: Step, call: Call, where: string, op: string, pieces: Piece[]): string {
  if (step.phase === "enter") {
    if (call.t1 === null) return t("{where}: {op} waits for bytes, and none came until the run ended", { where, op });
    return t("{where}: {op} waits: the receive queue is empty", { where, op });
  }
  if (call.count === 0) return t("{where}: {op} gets b'': the other side has finished sending", { where, op });
  const names = pieces.map(pieceName).join(" + ");
  const whole = new Set(pieces.map((piece) => piece.message)).size;
  const values = { where, op, size: bytes(call.count), names, count: whole };
  if (whole > 1) return t("{where}: {op} gets {size}: {names}, {count} messages in one read", values);
  if (pieces.length && pieceName(pieces[0]!).includes("[")) return t("{where}: {op} gets {size}: {names}, only a part of the message", values);
  return t("{where}: {op} gets {size}: {names}", { ...values, names: names || "?" });
}
