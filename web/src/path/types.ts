// Generated from src/plainwire/web/path_schema.py; change that file.

/** What a page begins with; a saved file holds exactly this. One of the last two is None. */
export interface PathPage {
  language: string;
  chinese: Record<string, string>;
  path: Path | null;
  error: Words | null;
}

/** The way of one packet: the row of stations, and what each shows when it is opened. */
export interface Path {
  question: string;
  protocol: "tcp" | "udp";
  title: string;
  note: Words;
  stations: Station[];
  program: Program;
  socket: Socket;
  ip: Ip;
  route: Route;
  neighbour: Neighbour;
  frames: Frame[];
}

/** One text in both languages. */
export interface Words {
  en: string;
  zh: string;
}

/** A stop of the packet: what is seen of it while it is closed. */
export interface Station {
  name: "program" | "socket" | "ip" | "route" | "neighbour" | "wire";
  title: Words;
  osi: string;
  layer: Words;
  headline: string;
  tone: "plain" | "good" | "look" | "stop";
  remark: Words | null;
  parcels: Parcel[];
}

/** One layer of the packet as far as it is built at a station; the outermost stands first. */
export interface Parcel {
  layer: string;
  size: number;
}

/** What a program would call, and the addresses of the name it gives. */
export interface Program {
  code: string[];
  answers: Answer[];
  said: Said[];
}

/** One address that a name has. */
export interface Answer {
  address: string;
  chosen: boolean;
  skipped: boolean;
}

/** A sentence and its colour. */
export interface Said {
  text: Words;
  tone: "plain" | "good" | "look" | "stop";
}

/** The port and the sizes; `headers` and `payload` make up `mtu`, in bytes. */
export interface Socket {
  port: number;
  service: string | null;
  picked: [number, number];
  said: Said[];
  mtu: number | null;
  headers: Parcel[];
  payload: number | null;
  payload_name: string;
  size: Words;
}

/** Both addresses, what kind they are, and why this source. */
export interface Ip {
  source: string | null;
  source_scope: Words | null;
  destination: string;
  destination_scope: Words;
  interface: Interface | null;
  said: Said[];
}

/** The interface the packet leaves by. */
export interface Interface {
  name: string;
  mac: string | null;
  mtu: number | null;
  addresses: string[];
}

/** The textbook's rule beside the kernel's; `bits` is the address size, 32 or 128. */
export interface Route {
  comparison: Bits | null;
  textbook: Words;
  rules: Rule[];
  rows: Row[];
  outside: number;
  bits: number;
  kernel: Said[];
  hop: Words;
  verdict: Words;
  agrees: boolean;
}

/** Both ANDs digit under digit.

 * `first` is the number of the first digit shown, from 0 (IPv6 shows one group of 16),
 * `group` how many digits stand together, `length` that of the mask, `differs` the first
 * bit that differs. */
export interface Bits {
  lines: BitLine[];
  first: number;
  group: number;
  length: number;
  differs: number | null;
  same: boolean;
  said: Words[];
}

/** One line of the AND: an address and its digits, `0` and `1` without separators. */
export interface BitLine {
  label: "mine" | "mask" | "and" | "destination";
  address: string;
  digits: string;
}

/** A policy rule as ip-rule(8) writes it, and what it did. */
export interface Rule {
  priority: number;
  text: string;
  found: boolean;
  verdict: Words;
}

/** A row of a routing table; `common` of its `length` bits are the destination's. */
export interface Row {
  prefix: string;
  text: string;
  length: number;
  common: number;
  won: boolean;
  inside: boolean;
  why: Words;
}

/** Who gets the frame; `can_resolve`: the kernel could be made to ask for it now. */
export interface Neighbour {
  protocol: string;
  address: string | null;
  mac: string;
  state: string | null;
  said: Said[];
  can_resolve: boolean;
}

/** A frame, its layers from the outside in. */
export interface Frame {
  purpose: Words;
  size: number;
  layers: Layer[];
}

/** A header of a frame, or what it carries. */
export interface Layer {
  name: string;
  osi: string;
  size: number;
  fields: Field[];
}

/** Some bytes of a frame: two hexadecimal digits each, or `??`. */
export interface Field {
  layer: string;
  name: string;
  offset: number;
  data: string[];
  value: string;
  sure: "known" | "example" | "unknown";
}

/** A further question's answer: a path, or one line that says why not. */
export interface Asked {
  path: Path | null;
  error: Words | null;
}

/** A further question; `resolve` also makes the kernel find the next hop's MAC. */
export interface Question {
  to: string;
  protocol: "tcp" | "udp" | null;
  resolve: boolean;
}
