/** The page's texts in English and Chinese; the choice is kept in localStorage. */

import { en } from "./texts/en.js";
import { zh } from "./texts/zh.js";

const KEY = "ai-chat-language";
const TEXTS = { en, zh };

/** `en` or `zh`: what was chosen before, else what the browser prefers. */
export function preferredLanguage(stored, preferred) {
  if (stored in TEXTS) return stored;
  return /^zh\b/iu.test(preferred ?? "") ? "zh" : "en";
}

export class Language {
  constructor(storage = globalThis.localStorage, preferred = globalThis.navigator.language) {
    this.storage = storage;
    this.code = preferredLanguage(read(storage), preferred);
  }

  /** The text of `key`, with its places filled. */
  text(key, values = {}) {
    return TEXTS[this.code][key].replace(/\{(\w+)\}/gu, (_, name) => String(values[name]));
  }

  /** Change to the other language and keep the choice. */
  switch() {
    this.code = this.code === "en" ? "zh" : "en";
    try {
      this.storage.setItem(KEY, this.code);
    } catch {
      return; // storage is forbidden: the choice lasts as long as the page
    }
  }

  /** Write the texts into every element that names one. */
  fill(root) {
    root.documentElement.lang = this.code === "zh" ? "zh-CN" : "en";
    root.title = this.text("title");
    for (const element of root.querySelectorAll("[data-text]")) element.textContent = this.text(element.dataset.text);
    for (const element of root.querySelectorAll("[data-label]")) {
      element.setAttribute("aria-label", this.text(element.dataset.label));
      element.title = this.text(element.dataset.label);
    }
    for (const element of root.querySelectorAll("[data-hint]")) element.placeholder = this.text(element.dataset.hint);
  }
}

function read(storage) {
  try {
    return storage.getItem(KEY) ?? "";
  } catch {
    return ""; // storage is forbidden
  }
}
