/** The messages on the page: at most the conversation's own number of them, each text set as text. */

export class MessageList {
  #root;
  #rows = new Map();
  #language;

  #isFollowing = true;

  constructor(document, { language, signal }) {
    this.#root = {
      list: document.getElementById("messages"),
      empty: document.getElementById("empty"),
      scroll: document.getElementById("scroll"),
    };
    this.#language = language;
    this.#root.scroll.addEventListener("scroll", () => (this.#isFollowing = this.#isAtEnd()), { signal });
    window.addEventListener("resize", () => this.#isFollowing && this.#follow(), { signal });
  }

  /** Show the conversation from the beginning, as `name` leads it. */
  renew(conversation, name) {
    this.#rows.clear();
    this.#root.list.replaceChildren();
    this.#root.empty.textContent = name ? this.#language.text("welcome", { name }) : "";
    for (const message of conversation.messages) this.#draw(message, name);
    this.#finish(conversation, true);
  }

  /** Show one changed message, and drop those that the conversation dropped. */
  update(conversation, message, name) {
    this.#draw(message, name);
    this.#finish(conversation, this.#isFollowing || message.state === "sending");
  }

  #finish(conversation, follow) {
    const oldest = conversation.messages[0]?.key ?? Infinity;
    for (const [key, row] of this.#rows) {
      if (key >= oldest) break;
      row.remove();
      this.#rows.delete(key);
    }
    this.#root.empty.hidden = this.#rows.size > 0;
    if (follow) this.#follow();
  }

  #follow() {
    this.#isFollowing = true;
    this.#root.scroll.scrollTop = this.#root.scroll.scrollHeight;
  }

  #isAtEnd() {
    const { scrollTop, scrollHeight, clientHeight } = this.#root.scroll;
    return scrollHeight - scrollTop - clientHeight < 80;
  }

  #draw(message, name) {
    const row = this.#rows.get(message.key) ?? this.#addRow(message);
    row.className = `${message.role} ${message.state}`;
    set(row.querySelector(".body"), message.text);
    set(row.querySelector(".mark"), this.#mark(message, name));
    this.#drawTools(row.querySelector(".tools"), message.tools ?? []);
  }

  #addRow(message) {
    const row = make("li");
    row.append(make("ul", "tools"), make("div", "body"), make("span", "mark"));
    this.#rows.set(message.key, row);
    this.#root.list.append(row);
    return row;
  }

  #mark(message, name) {
    if (message.state === "running") return message.text ? "" : this.#language.text("thinking", { name });
    if (message.state !== "done") return this.#language.text(message.state);
    return message.name && message.role === "human" ? message.name : "";
  }

  #drawTools(list, tools) {
    tools.forEach((tool, at) => {
      const row = list.children[at] ?? list.appendChild(make("li"));
      row.dataset.status = tool.status;
      const state = this.#language.text(`tool.${tool.status}`);
      set(row, `${tool.name} · ${state}${tool.content ? ` · ${tool.content}` : ""}`);
    });
  }
}

/** An element with a class. */
export function make(tag, className = "", text = "") {
  const element = document.createElement(tag);
  element.className = className;
  element.textContent = text;
  return element;
}

/** Set a text only when it changes, so that a screen reader is not told twice. */
function set(element, text) {
  if (element.textContent !== text) element.textContent = text;
}
