/** The picker of the character that answers. */

import { make } from "./message_list.js";

export class Characters {
  #select;
  #current = { file: "", name: "" };

  /** `onSwitch(file)` is called when another character is chosen. */
  constructor(document, { onSwitch, signal }) {
    this.#select = document.getElementById("character");
    this.#select.addEventListener("change", () => onSwitch(this.#select.value), { signal });
  }

  /** Who answers. */
  get current() {
    return this.#current;
  }

  /** Show the characters one can choose. */
  show(characters) {
    this.#select.replaceChildren(
      ...characters.map(({ file, name }) => {
        const option = make("option", "", name);
        option.value = file;
        return option;
      }),
    );
    this.#select.value = this.#current.file;
  }

  /** Show who answers now. */
  mark(character) {
    this.#current = character;
    this.#select.value = character.file;
  }
}
