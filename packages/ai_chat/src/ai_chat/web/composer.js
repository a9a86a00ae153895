/** The message box: Enter sends, Shift+Enter begins a line, Escape stops; keys of an input method do neither. */

export class Composer {
  #text;
  #stop;
  #options;

  /** `onSay(text)` and `onStop()` are called by people's gestures, until `signal` ends. */
  constructor(document, { onSay, onStop, signal }) {
    this.#text = document.getElementById("text");
    this.#stop = document.getElementById("stop");
    this.#options = { onSay, onStop };
    this.#text.addEventListener("keydown", (event) => this.#press(event), { signal });
    document.getElementById("send").addEventListener("click", () => this.#say(), { signal });
    this.#stop.addEventListener("click", onStop, { signal });
    document.addEventListener("keydown", (event) => this.#escape(event), { signal });
  }

  /** Offer to stop while there is something to stop. */
  offerStop(isOffered) {
    if (this.#stop.hidden === !isOffered) return;
    if (!isOffered && this.#stop === document.activeElement) this.#text.focus();
    this.#stop.hidden = !isOffered;
  }

  focus() {
    this.#text.focus();
  }

  #press(event) {
    const isWriting = event.isComposing || event.keyCode === 229;
    if (event.key !== "Enter" || event.shiftKey || isWriting) return;
    event.preventDefault();
    this.#say();
  }

  #escape(event) {
    if (event.key === "Escape" && !event.isComposing && !this.#stop.hidden) this.#options.onStop();
  }

  #say() {
    const text = this.#text.value.trim();
    if (!text) return;
    this.#text.value = "";
    this.#text.focus();
    this.#options.onSay(text);
  }
}
