// Where the page's data comes from: a saved file's own data, or the server, which can also
// be asked for other destinations.
import type { Asked, PathPage, Question } from "./types";

export interface Backend {
  page(): Promise<PathPage>;
  /** Ask for another destination; null: a saved file cannot ask. */
  ask: ((question: Question) => Promise<Asked>) | null;
}

class Saved implements Backend {
  readonly ask = null;

  constructor(private readonly whole: PathPage) {}

  page(): Promise<PathPage> {
    return Promise.resolve(this.whole);
  }
}

/** Paths are relative: the token is part of the page's own address. */
class Served implements Backend {
  async page(): Promise<PathPage> {
    return (await fetched({ cache: "no-store" })) as PathPage;
  }

  readonly ask = async (question: Question): Promise<Asked> => (await fetched({ method: "POST", body: JSON.stringify(question) })) as Asked;
}

async function fetched(options: RequestInit): Promise<unknown> {
  const answer = await fetch("api/path", options);
  if (!answer.ok) throw new Error(`api/path: ${answer.status}`);
  return answer.json();
}

export function chooseBackend(): Backend {
  const island = document.getElementById("plainwire-data");
  return island?.textContent ? new Saved(JSON.parse(island.textContent) as PathPage) : new Served();
}
