/** What the page tells about itself: the connection, who answers, and what went wrong. */

const CONNECTED = new Set(["open", "connecting"]);

export class Status {
  #state;
  #connect;
  #notice;
  #answers;
  #language;
  #shown = { name: "connecting", seconds: 0 };
  #llm = "";

  /** `onConnect()` is called when people do not want to wait. */
  constructor(document, { language, onConnect, signal }) {
    this.#state = document.getElementById("state");
    this.#connect = document.getElementById("connect");
    this.#notice = document.getElementById("notice");
    this.#answers = document.getElementById("answers");
    this.#language = language;
    this.#connect.addEventListener("click", onConnect, { signal });
  }

  get isOpen() {
    return this.#shown.name === "open";
  }

  /** Show the state of the connection. */
  show(state) {
    this.#shown = state;
    this.#state.dataset.state = state.name;
    this.#state.lastElementChild.textContent = this.#language.text(`state.${state.name}`, state);
    this.#connect.hidden = CONNECTED.has(state.name);
  }

  /** Show what answers. */
  name(llm) {
    this.#llm = llm;
    this.#answers.textContent = llm ? this.#language.text("answers", { llm }) : "";
  }

  /** Say it all again in the language of now. */
  draw() {
    this.show(this.#shown);
    this.name(this.#llm);
  }

  /** Show a problem, or none. */
  notice(text) {
    this.#notice.textContent = text;
    this.#notice.hidden = !text;
  }
}
