/** A question to the user, before something is renamed or deleted. */

export class Question {
  #dialog;
  #title;
  #confirm;
  #text;
  #onYes = () => {};

  constructor(document, { signal }) {
    this.#dialog = document.getElementById("dialog");
    this.#title = document.getElementById("title");
    this.#confirm = document.getElementById("confirm");
    this.#text = document.getElementById("question");
    this.#confirm.addEventListener("click", () => this.#answer(), { signal });
    document.getElementById("cancel").addEventListener("click", () => this.#dialog.close(), { signal });
    this.#title.addEventListener("keydown", (event) => this.#press(event), { signal });
  }

  /** Ask; `onYes(value)` is called when the answer is yes. A `value` of null asks for no text. */
  ask(text, yes, value, onYes) {
    this.#onYes = onYes;
    this.#text.textContent = text;
    this.#confirm.textContent = yes;
    this.#title.hidden = value === null;
    this.#title.value = value ?? "";
    this.#dialog.showModal();
    if (value !== null) this.#title.select();
  }

  #press(event) {
    if (event.key === "Enter" && !event.isComposing && event.keyCode !== 229) this.#answer();
  }

  #answer() {
    const value = this.#title.value.trim();
    if (!this.#title.hidden && !value) return;
    this.#dialog.close();
    this.#onYes(value);
  }
}
