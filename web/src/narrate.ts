// What a step means, in a sentence for a reader who never saw a packet. Pure.
import { isClose, isReceive, isSend, pieceName, shortOp, type Piece } from "./calls";
import { bytes } from "./format";
import type { Step } from "./steps";
import { segmentLabels } from "./ladder/model";
import type { Behind, Call, Detail, Link, Page, Segment } from "./types";
import { n, say, t } from "./words";

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

/** A captured segment in a sentence: what it is, what stood behind it at both ends. */
export function segmentText(page: Page, detail: Detail, s: Segment): string {
  const parts = [`${s.side === 0 ? t("client") : t("server")}: ${segmentLabels(s, "")[0]}`];
  const lines = (calls: number[]) => [...new Set(calls.map((call) => lineText(page, detail.calls[call]!)))].slice(0, 4).join(", ");
  if (s.cause) parts.push(caused(page, detail, s.cause));
  if (s.sends.length) parts.push(t("bytes of {lines}", { lines: lines(s.sends) }));
  if (s.seen) parts.push(seenBy(page, detail, s.seen));
  if (s.reads.length) parts.push(t("read by {lines}", { lines: lines(s.reads) }));
  if (!s.sends.length && s.end > s.start && detail.total && detail.unjoined[s.side]) parts.push(t("which call's bytes these are is not known"));
  if (s.note === "lost") parts.push(t("sent again before it was acknowledged"));
  for (const mark of s.marks) parts.push(t(MARKS[mark] ?? mark));
  if (s.acked_by !== null) parts.push(t("acknowledged by packet {number}", { number: s.acked_by }));
  return parts.join("; ");
}

/** A datagram or an ICMP error of a capture without calls. */
export function linkText(link: Link): string {
  const packet = t("packet {number}", { number: link.packet ?? 0 });
  const way = link.side === 0 ? t("client to server") : t("server to client");
  return `${packet} · ${way}: ${link.kind === "icmp" ? "ICMP" : `UDP, ${bytes(link.end - link.start)}`}`;
}

function caused(page: Page, detail: Detail, behind: Behind): string {
  if (behind.by === "exit") return t("sent because the process ended");
  const call = behind.call === null ? undefined : detail.calls[behind.call];
  const values = call ? { line: lineText(page, call), op: shortOp(call.op) } : null;
  if (behind.by === "call") return values ? t("caused by {line} {op}", values) : t("caused by a call");
  return values ? t("sent by the kernel itself, because of {line} {op}", values) : t("sent by the kernel itself");
}

function seenBy(page: Page, detail: Detail, behind: Behind): string {
  const call = behind.call === null ? undefined : detail.calls[behind.call];
  const values = call ? { line: lineText(page, call), op: shortOp(call.op) } : null;
  if (behind.by === "call" && values) return t("seen by {line} {op}", values);
  if (behind.why === "accept" && values) return t("the connection is finished; {line} {op} takes it later", values);
  return t("taken by the kernel itself");
}

const MARKS: Record<string, string> = {
  "syn-retry": n("SYN sent again"), "syn-ack-retry": n("SYN-ACK sent again"), retransmission: n("retransmission"), "out-of-order": n("out of order"), gap: n("bytes before it were not captured"),
  "duplicate-ack": n("duplicate ACK"), "zero-window": n("window 0: the receiver has no room"), "window-open": n("the window is open again"), "window-full": n("fills the receiver's window"), "window-probe": n("window probe"),
  "keep-alive": n("keep-alive"), "probe-ack": n("answer to a probe"), reset: n("reset"), "delayed-ack": n("delayed ACK"), "nagle-delayed-ack": n("waited for a delayed ACK (Nagle)"),
};
