// Where the page's data comes from: a saved file's own data, or the server. One interface.
import { parsed } from "./shapes";
import type { Detail, Opened, Page, Whole } from "./types";

export interface Backend {
  page(): Promise<Page>;
  /** Details of a flow: the window of calls from `first` on, or around a moment; null: not in this file. */
  detail(flow: number, first: number, at?: number): Promise<Detail | null>;
  /** A packet opened layer by layer; null: not in this file. */
  packet(number: number): Promise<Opened | null>;
  /** Call back when there is something newer; says which flow is looked at. */
  watch(changed: (page: Page, detail: Detail | null) => void, ended: () => void, read: (percent: number) => void): void;
  look(flow: number): void;
}

export class SavedBackend implements Backend {
  constructor(private readonly whole: Whole) {}

  page(): Promise<Page> {
    return Promise.resolve(this.whole.page);
  }

  detail(flow: number): Promise<Detail | null> {
    return Promise.resolve(this.whole.details.find((d) => d.number === flow) ?? null);
  }

  packet(number: number): Promise<Opened | null> {
    return Promise.resolve(this.whole.packets.find((p) => p.packet === number) ?? null);
  }

  watch(): void {}

  look(): void {}
}

interface News {
  page?: Page;
  detail?: Detail | null;
  ended?: boolean;
  progress?: number;
}

/** Paths are relative: the token is part of the page's own address. */
export class ServedBackend implements Backend {
  private socket: WebSocket | null = null;
  private flow = -1;

  async page(): Promise<Page> {
    return (await this.get("api/page")) as Page;
  }

  async detail(flow: number, first: number, at?: number): Promise<Detail | null> {
    return (await this.get(`api/flows/${flow}?first=${first}${at === undefined ? "" : `&at=${Math.floor(at)}`}`)) as Detail;
  }

  async packet(number: number): Promise<Opened | null> {
    return (await this.get(`api/packets/${number}`)) as Opened;
  }

  watch(changed: (page: Page, detail: Detail | null) => void, ended: () => void, read: (percent: number) => void): void {
    const address = new URL("live", location.href);
    address.protocol = "ws:";
    address.hash = "";
    this.socket = new WebSocket(address);
    this.socket.addEventListener("open", () => this.look(this.flow));
    this.socket.addEventListener("message", (event) => {
      const news = parsed(String(event.data)) as News;
      if (news.page) changed(news.page, news.detail ?? null);
      if (news.progress !== undefined) read(news.progress);
      if (news.ended) ended();
    });
    this.socket.addEventListener("close", ended);
  }

  look(flow: number): void {
    this.flow = flow;
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify({ flow }));
  }

  private async get(path: string): Promise<unknown> {
    const answer = await fetch(path, { cache: "no-store" });
    if (!answer.ok) throw new Error(`${path}: ${answer.status}`);
    return parsed(await answer.text());
  }
}

export function chooseBackend(): Backend {
  const island = document.getElementById("plainwire-data");
  return island?.textContent ? new SavedBackend(parsed(island.textContent) as Whole) : new ServedBackend();
}
