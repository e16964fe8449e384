import { describe, expect, test } from "vitest";
import { mermaid } from "../src/export";
import { bytes, cutText, duration, hexRows } from "../src/format";
import { narrate } from "../src/narrate";
import { curvesOf, table } from "../src/parts/curves";
import { foldFlows, matches } from "../src/parts/flows";
import { cutTokens, tokenLines } from "../src/python";
import { factsOf, momentAt, stepAt, stepsOf } from "../src/steps";
import { flowView, readHash, writeHash } from "../src/view";
import { piecesByCall } from "../src/calls";
import { setLang, setWords, t } from "../src/words";
import { detail, page } from "./sample";

describe("steps", () => {
  test("are in order, a wait is entered and left (P1)", () => {
    const steps = stepsOf(detail(), []);
    expect(steps.map((s) => s.t)).toEqual([...steps.map((s) => s.t)].sort((a, b) => a - b));
    const accept = detail().calls.findIndex((c) => c.op === "accept");
    expect(steps.filter((s) => s.call === accept).map((s) => s.phase)).toEqual(["enter", "return"]);
    expect(steps.filter((s) => s.phase === "enter").length).toBe(3); // accept and two reads that hang
  });

  test("a finding is a step of its flow", () => {
    const finding = { rule: "mutual-wait", certainty: "certain" as const, message: { en: "a", zh: "b" }, fix: { en: "", zh: "" }, patch: [], places: [], evidence: [], flow: 0, t: 90_000 };
    expect(stepsOf(detail(), [finding, { ...finding, flow: 1 }]).filter((s) => s.call < 0)).toHaveLength(1);
  });

  test("every byte sent is in flight, unread or read, never in two places (P2)", () => {
    const flow = detail();
    for (const time of [0, 5500, 7500, 20_000, 55_000, 61_000, 1e9]) {
      const now = momentAt(flow, time);
      const sum = (pieces: { start: number; end: number }[]) => pieces.reduce((n, p) => n + p.end - p.start, 0);
      const read = flow.links.filter((l) => l.message !== null && l.landed! <= time).reduce((n, l) => n + l.end - l.start, 0);
      expect(sum(now.unread[1]) + sum(now.flight[1]) + read).toBe(now.sent[0]);
    }
    expect(momentAt(flow, 20_000).unread[1]).toHaveLength(3);
    expect(momentAt(flow, 20_000).states[0]).toBe("ESTABLISHED");
  });

  test("the facts name the handshake, the reads that wait, glue and cuts", () => {
    const flow = detail();
    const facts = factsOf(flow, piecesByCall(flow));
    expect(flow.calls[facts.connect!]!.op).toBe("connect");
    expect(flow.calls[facts.accept!]!.op).toBe("accept");
    expect(facts.waits.map((n) => flow.calls[n]!.side)).toEqual([0, 1]);
    expect(facts.glued).toHaveLength(1);
    expect(facts.cut).toHaveLength(2);
  });

  test("a moment leads to the last step before it", () => {
    const steps = stepsOf(detail(), []);
    expect(steps[stepAt(steps, 7500)]!.t).toBeLessThanOrEqual(7500);
    expect(stepAt(steps, -5)).toBe(0);
  });
});

describe("words", () => {
  test("every step has a sentence that names its line", () => {
    const view = flowView(page(), detail());
    for (const step of view.steps) {
      const said = narrate(page(), step, view.detail.calls[step.call], view.pieces.get(step.call) ?? []);
      expect(said).toMatch(/^(client|server)\.py:\d/);
      expect(said).not.toMatch(/[{}]/);
    }
  });

  test("Chinese is said where it is known, English where it is not", () => {
    setWords({ "{count} bytes": "{count} 字节" });
    setLang("zh");
    expect(bytes(1200)).toBe("1,200 字节");
    expect(t("Findings")).toBe("Findings");
    setLang("en");
    expect(bytes(1200)).toBe("1,200 bytes");
  });

  test("durations have three figures and a unit", () => {
    expect([999, 1500, 12_340, 2.5e6, 3.021e9].map(duration)).toEqual(["999 ns", "1.50 µs", "12.3 µs", "2.50 ms", "3.02 s"]);
  });
});

describe("bytes", () => {
  const utf8 = new TextEncoder().encode("你好");
  test("a character cut by a read shows as its bytes, not as a replacement sign", () => {
    expect(cutText(utf8)).toBe("你好");
    expect(cutText(utf8.subarray(0, 4))).toBe("你\\xe5");
    expect(cutText(utf8.subarray(4))).toBe("\\xa5\\xbd");
    expect(cutText(new TextEncoder().encode("a\n\u0001"))).toBe("a\\n\\x01");
  });
  test("hex rows count from the offset in the stream", () => {
    const rows = hexRows(new Uint8Array(20).fill(65), 32);
    expect(rows.map((r) => [r.offset, r.hex.length, r.text])).toEqual([[32, 16, "A".repeat(16)], [48, 4, "AAAA"]]);
  });
});

describe("source", () => {
  test("tokens keep every character, and a string of several lines stays one", () => {
    const text = 'def f(x):  # hi\n    """one\n    two"""\n    return x + 1.5\n';
    const lines = tokenLines(text);
    expect(lines.map((row) => row.map((token) => token.text).join("")).join("\n")).toBe(text);
    expect(lines[2]![0]!.kind).toBe("string");
    expect(lines[0]!.at(-1)!.kind).toBe("comment");
  });
  test("a span is cut out of the tokens it runs through", () => {
    const marked = cutTokens(tokenLines("x = conn.recv(10)")[0]!, 4, 17).filter((p) => p.inside).map((p) => p.token.text).join("");
    expect(marked).toBe("conn.recv(10)");
  });
});

describe("curves, flows, exports", () => {
  test("curves never cross: read <= arrived <= written", () => {
    const curves = curvesOf(detail(), 0);
    expect(curves.map((c) => c.name)).toEqual(["written by the program", "in the other side's kernel", "read by the program"]);
    const [, written, arrived, read] = table(curves) as [number[], number[], number[], number[]];
    written.forEach((w, n) => {
      expect(arrived[n]!).toBeLessThanOrEqual(w);
      expect(read[n]!).toBeLessThanOrEqual(arrived[n]!);
    });
    expect(read.at(-1)).toBe(10);
  });
  test("flows that did the same are folded; one with a finding stands alone", () => {
    const row = page().flows[0]!;
    const rows = [0, 1, 2, 3].map((number) => ({ ...row, number, findings: number === 2 ? [0] : [] }));
    expect(foldFlows(rows).map((g) => g.rows.length)).toEqual([3, 1]);
    expect(matches(row, "server.py open")).toBe(true);
    expect(matches(row, "closed")).toBe(false);
  });
  test("Mermaid names lines, parts and waits, in order of time", () => {
    const text = mermaid(page(), flowView(page(), detail()));
    expect(text.split("\n")[0]).toBe("sequenceDiagram");
    expect(text).toContain("C-->>S: SYN (client.py:4)");
    expect(text).toContain("Note over S: server.py:5 reads C1 + C2[:3]");
    expect(text).toContain("client.py:6 recv waits");
  });
  test("a link leads back to the same place", () => {
    const place = { flow: 3, step: 17, tab: "messages", lang: "zh", from: 12_000 };
    expect(readHash(writeHash(place))).toEqual(place);
    expect(readHash("#flow=x&step=-1")).toEqual({});
  });
});
