/** What this tab keeps over a reload, written in one piece: sessionStorage outlives a reload and not a closed tab. */

const KEY = "ai-chat";

export class Memory {
  #storage;

  constructor(storage = globalThis.sessionStorage) {
    this.#storage = storage;
  }

  /** What was kept, or an empty object. */
  load() {
    try {
      return JSON.parse(this.#storage.getItem(KEY)) ?? {};
    } catch {
      return {}; // storage is forbidden, or its text is not ours: begin anew
    }
  }

  /** Keep `snapshot(n)` with as many messages as there is room for. */
  save(snapshot) {
    for (const most of [200, 50, 10]) {
      try {
        this.#storage.setItem(KEY, JSON.stringify(snapshot(most)));
        return true;
      } catch {
        continue; // the quota is used up, or storage is forbidden
      }
    }
    return false;
  }
}
