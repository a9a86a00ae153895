/** The list of chats on a narrow page, which opens over the messages. */

export class Menu {
  #body;
  #button;

  constructor(document, { signal }) {
    this.#body = document.body;
    this.#button = document.getElementById("menu");
    this.#button.addEventListener("click", () => this.#show(!this.#body.classList.contains("menu")), { signal });
    document.getElementById("shade").addEventListener("click", () => this.close(), { signal });
    document.addEventListener("keydown", ({ key }) => key === "Escape" && this.close(), { signal });
  }

  close() {
    this.#show(false);
  }

  #show(isOpen) {
    this.#body.classList.toggle("menu", isOpen);
    this.#button.setAttribute("aria-expanded", String(isOpen));
  }
}
