/** The stored chats: list, search, open, rename, delete, export. */

import { make } from "./message_list.js";

const SEARCH_PAUSE_MS = 200;

export class Histories {
  #list;
  #query;
  #options;
  #items = [];
  #found = null;
  #current = "";
  #timer = 0;
  #requests = 0;
  #exports = new Map();
  #searching = "";

  /** `send(frame)` asks the server; `onLeave()` is called when another chat is asked for. */
  constructor(document, { send, onLeave, language, question, signal }) {
    this.#list = document.getElementById("histories");
    this.#query = document.getElementById("query");
    this.#options = { send, onLeave, language, question };
    this.#query.addEventListener("input", () => this.#searchSoon(), { signal });
    this.#list.addEventListener("click", (event) => this.#press(event.target), { signal });
    document.getElementById("new").addEventListener("click", () => this.#leave({ type: "history.new" }), { signal });
    signal.addEventListener("abort", () => clearTimeout(this.#timer), { once: true });
  }

  /** Ask for the list. */
  refresh() {
    this.#ask({ type: "history.list" });
  }

  /** The chat that is open. */
  mark(history) {
    this.#current = history;
    this.draw();
  }

  /** Take a reply of the server. */
  apply(frame) {
    switch (frame.type) {
      case "welcome":
        if (!frame.resumed) this.#exports.clear();
        break;
      case "history.list":
        this.#items = frame.histories;
        this.draw();
        break;
      case "history.search":
        if (frame.id !== this.#searching) break;
        this.#found = frame.messages;
        this.draw();
        break;
      case "history.rename":
        this.refresh();
        break;
      case "history.delete":
        this.#deleted(frame);
        break;
      case "history.export":
        this.#export(frame);
        break;
      default:
        break;
    }
  }

  /** Show the list, or what the search found. */
  draw() {
    const { language } = this.#options;
    const rows = this.#found ? this.#found.map((message) => this.#foundRow(message)) : this.#items.map((item) => this.#row(item));
    const none = make("li", "none", language.text(this.#found ? "none-found" : "no-histories"));
    this.#list.replaceChildren(...(rows.length ? rows : [none]));
  }

  #row(item) {
    const { language } = this.#options;
    const row = make("li", item.uid === this.#current ? "current" : "");
    row.dataset.history = item.uid;
    const open = openButton();
    open.append(make("span", "name", item.title || language.text("untitled")), make("span", "last", item.last));
    const actions = make("div", "row");
    for (const action of ["rename", "export", "delete"]) {
      const button = make("button", "", language.text(action));
      button.type = "button";
      button.dataset.action = action;
      actions.append(button);
    }
    row.append(open, actions);
    return row;
  }

  #foundRow(message) {
    const row = make("li");
    row.dataset.history = message.history;
    const open = openButton();
    const when = new Date(message.time * 1000).toLocaleString(this.#options.language.code);
    open.append(make("span", "found", message.text), make("span", "last", when));
    row.append(open);
    return row;
  }

  #press(target) {
    const action = target.closest("[data-action]")?.dataset.action;
    const history = target.closest("[data-history]")?.dataset.history;
    if (!action || !history) return;
    const title = this.#items.find((item) => item.uid === history)?.title ?? "";
    if (action === "open") this.#leave({ type: "history.open", history });
    if (action === "export") this.#ask({ type: "history.export", history });
    if (action === "rename") this.#askTitle(history, title);
    if (action === "delete") this.#askDelete(history, title);
  }

  #askTitle(history, old) {
    const { language, question } = this.#options;
    const rename = (title) => this.#ask({ type: "history.rename", history, title });
    question.ask(language.text("rename-question"), language.text("save"), old, rename);
  }

  #askDelete(history, title) {
    const { language, question } = this.#options;
    const text = language.text("delete-question", { title: title || language.text("untitled") });
    question.ask(text, language.text("delete"), null, () => this.#ask({ type: "history.delete", history }));
  }

  /** An export comes in parts; one whose beginning went to a page before a reload is none of ours. */
  #export({ id, part, more, messages, ...frame }) {
    const parts = part === 0 ? [] : this.#exports.get(id);
    if (parts?.length !== part) return;
    parts.push(messages);
    if (more) {
      this.#exports.set(id, parts);
    } else {
      this.#exports.delete(id);
      save({ ...frame, messages: parts.flat() });
    }
  }

  #deleted({ history, success }) {
    if (success && history === this.#current) this.#leave({ type: "history.new" });
    this.refresh();
  }

  #searchSoon() {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.#search(), SEARCH_PAUSE_MS);
  }

  #search() {
    const query = this.#query.value.trim();
    this.#found = null;
    this.#searching = query ? this.#ask({ type: "history.search", query }) : "";
    if (!query) this.draw();
  }

  #leave(frame) {
    this.#options.onLeave();
    this.#ask(frame);
  }

  #ask(frame) {
    this.#requests += 1;
    const id = `h${this.#requests}`;
    this.#options.send({ ...frame, id });
    return id;
  }
}

function openButton() {
  const button = make("button", "open");
  button.type = "button";
  button.dataset.action = "open";
  return button;
}

/** Give a history to the browser as a file. */
function save({ history, title, messages }) {
  const text = JSON.stringify({ history, title, messages }, null, 2);
  const address = URL.createObjectURL(new Blob([text], { type: "application/json" }));
  const link = make("a");
  link.href = address;
  link.download = `${(title || history).replace(/[^\p{L}\p{N}]+/gu, "-").slice(0, 60)}.json`;
  link.click();
  URL.revokeObjectURL(address);
}
