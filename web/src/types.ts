// Generated from src/plainwire/web/schema.py; change that file.

/** A run as the page opens with it; the flows' details are asked for one by one.

 * `reading`: it is the beginning of a recording that is still being read. `foreign`: it is
 * a capture of another tool, without any code. `trouble`: why this is not all of it, and
 * what to do; nothing that is not here was judged. `judged`: findings and story are those
 * of all of it, also of a beginning when they are kept from an earlier reading. */
export interface Page {
  version: number;
  title: string;
  ended: number;
  why: string;
  live: boolean;
  reading: boolean;
  language: "en" | "zh";
  payload: boolean;
  story: Words;
  programs: Program[];
  processes: Process[];
  sources: Source[];
  lines: Line[];
  flows: FlowRow[];
  findings: Finding[];
  lanes: Lane[];
  waits: Wait[];
  unseen: string[];
  chinese: Record<string, string>;
  foreign: boolean;
  trouble: Words | null;
  judged: boolean;
}

/** One text in both languages. */
export interface Words {
  en: string;
  zh: string;
}

/** One program of the command line. */
export interface Program {
  name: string;
  command: string;
  status: number | null;
}

/** One observed process. */
export interface Process {
  name: string;
  pid: number;
  program: number | null;
  started: number;
  ended: number | null;
}

/** A source file as it was when the run read it. */
export interface Source {
  path: string;
  name: string;
  text: string;
}

/** An expression of the user's; columns are 1-based, -1 when unknown. */
export interface Line {
  source: number;
  line: number;
  column: number;
  end_line: number;
  end_column: number;
  function: string;
}

/** A flow as the list of flows shows it; `there` is client to server.

 * `failed`: it is a connect() that made no connection, and how it failed. `segments`: how
 * many were captured. */
export interface FlowRow {
  number: number;
  kind: string;
  client: End;
  server: End;
  opened: number;
  closed: number | null;
  there: number;
  back: number;
  messages: number;
  findings: number[];
  calls: number;
  failed: string | null;
  segments: number;
}

/** One end of a flow. */
export interface End {
  name: string;
  address: string;
  observed: boolean;
  process: number | null;
  source: number | null;
}

/** What is wrong, where, why we say so, and what to do.

 * `patch`: the fix as edits of the sources, file by file; empty where only words tell it. */
export interface Finding {
  rule: string;
  certainty: "certain" | "likely";
  message: Words;
  fix: Words;
  patch: Edit[];
  places: Place[];
  evidence: Evidence[];
  flow: number | null;
  t: number | null;
}

/** Lines `removed` at `line` of a source give way to `added`; either may be empty. */
export interface Edit {
  source: number;
  line: number;
  removed: string[];
  added: string[];
}

/** A line that has to do with a finding. */
export interface Place {
  line: number;
  role: string;
  process: string;
}

/** One observed fact. */
export interface Evidence {
  text: Words;
  t: number | null;
  offset: number | null;
}

/** A thread or task over time: spans of [from, to or -1, call's name, line or -1, flow or -1].

 * `lost`: spans left out because there were too many. */
export interface Lane {
  process: number;
  name: string;
  spans: [number, number, string, number, number][];
  lost: number;
}

/** A call of `lane` that waited from `t0` on, for what `by` did: both by index in the lanes.

 * It was woken at `t1` by a call entered at `at`; -1 and -1: it still waits for that lane. */
export interface Wait {
  lane: number;
  t0: number;
  t1: number;
  by: number;
  at: number;
}

/** Everything of one flow, or a window of it: `calls` from `first` on of `total`.

 * `states` may be empty and `segments` None: not known, not captured. `left_out`
 * segments are not in it: those that came from our ending of the programs, and those
 * beyond the bound. `unjoined` says for each side why its segments have no calls. */
export interface Detail {
  number: number;
  first: number;
  total: number;
  calls: Call[];
  messages: Message[];
  links: Link[];
  states: State[];
  samples: Sample[];
  segments: Segment[] | null;
  left_out: number;
  unjoined: string[];
  payload: Bytes[];
}

/** One call of an end. `side`: 0 client, 1 server. `t1` None: it has not returned.

 * `ours`: it ended because the run was ended, so the program would still be in it. */
export interface Call {
  side: number;
  op: string;
  line: number | null;
  process: number;
  lane: string;
  t0: number;
  t1: number | null;
  count: number;
  asked: number | null;
  failure: string | null;
  ours: boolean;
}

/** What one call sent, or one message of a codec: bytes [start, end) of a direction.

 * `side` is the sender's; `number` counts from 1 on each side and names its colour. */
export interface Message {
  side: number;
  number: number;
  start: number;
  end: number;
  call: number | null;
  label: string;
}

/** Something that went from one end to the other: an arrow.

 * It left at `left` (call `leave`), reached the peer's kernel at `arrived` (None: not
 * known to have), and was taken by the peer's call `land` at `landed` (None: still unread).
 * `side` is the sender's; `packet` the one that carried it, where it is one and captured.
 * In a capture without calls nobody knows when it was taken: `landed` is then `arrived`. */
export interface Link {
  kind: "syn" | "syn-ack" | "ack" | "data" | "fin" | "rst" | "datagram" | "icmp";
  side: number;
  left: number;
  arrived: number | null;
  landed: number | null;
  leave: number | null;
  land: number | null;
  message: number | null;
  start: number;
  end: number;
  proof: "captured" | "kernel" | "call" | "inferred" | "synthetic";
  packet: number | null;
}

/** A TCP state of one end, from `t0` to `t1`, and what brought it, in the ledger's words. */
export interface State {
  side: number;
  name: string;
  t0: number;
  t1: number;
  proof: "captured" | "kernel" | "call" | "inferred" | "synthetic";
  cause: string;
}

/** The kernel's queues of both ends at one moment; -1 where an end was not there. */
export interface Sample {
  t: number;
  unread: [number, number];
  unsent: [number, number];
}

/** One captured segment; `start`, `end`, `ack` are offsets of the stream (as in ranges).

 * The SYN stands at -1; other tools' relative numbers are one more. `arrived`: at the
 * latest; None where it had to be sent again before anybody acknowledged it. `sends` and
 * `reads` are the calls whose bytes it carries; `marks` says what else was recognised. */
export interface Segment {
  packet: number;
  side: number;
  t: number;
  arrived: number | null;
  flags: string;
  start: number;
  end: number;
  ack: number | null;
  window: number;
  note: "" | "retransmitted" | "lost" | "duplicate" | "out-of-order";
  marks: string[];
  sends: number[];
  reads: number[];
  acked_by: number | null;
  cause: Behind | null;
  seen: Behind | null;
}

/** What stood behind a segment at one end: a call, the kernel by itself, or an exit.

 * `why` is a word of ledger/wire.py; `call` of the kernel's is the one that made it ready to. */
export interface Behind {
  by: "call" | "kernel" | "exit";
  why: string;
  call: number | null;
  line: number | null;
}

/** Payload of one direction that was kept: bytes from `start` on, base64. */
export interface Bytes {
  side: number;
  start: number;
  data: string;
}

/** One packet opened layer by layer; `kept` of its `length` bytes are on record. */
export interface Opened {
  packet: number;
  t: number;
  length: number;
  kept: number;
  layers: Layer[];
}

/** One protocol of a packet, beside the names of both models. */
export interface Layer {
  name: string;
  osi: number;
  osi_name: string;
  tcpip_name: string;
  offset: number;
  length: number;
  quoted: boolean;
  fields: Field[];
}

/** One field of a header: its value and meaning; where it lies, in bytes of the packet.

 * Its name, like its layer's, is a word of `Page.chinese`. */
export interface Field {
  name: string;
  value: string;
  meaning: Words;
  offset: number;
  length: number;
}

/** What a saved file holds. `left_out`: flows whose details are not in it. */
export interface Whole {
  page: Page;
  details: Detail[];
  packets: Opened[];
  left_out: number;
}
