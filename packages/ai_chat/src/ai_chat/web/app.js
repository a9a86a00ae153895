/**
 * The page: wires socket, conversation, speech and lists together.
 *
 * All of it is made by `open` and ended by `close`: listeners by one signal, then the socket, the timers and the audio.
 * A page that the browser keeps for "back" is opened again when it returns.
 */

import { Characters } from "./characters.js";
import { Composer } from "./composer.js";
import { Connection } from "./connection.js";
import { Conversation } from "./conversation.js";
import { Histories } from "./histories.js";
import { Language } from "./language.js";
import { Memory } from "./memory.js";
import { Menu } from "./menu.js";
import { MessageList } from "./message_list.js";
import { Player } from "./player.js";
import { Question } from "./question.js";
import { Status } from "./status.js";

class App {
  #ending = new AbortController();
  #memory = new Memory();
  #language = new Language();
  #kept;
  #conversation;
  #connection;
  #player;
  #list;
  #composer;
  #histories;
  #characters;
  #menu;
  #status;
  #reopening = "";
  #retries = new Set();

  constructor() {
    const { conversation, ...kept } = this.#memory.load();
    this.#kept = { resume: "", character: null, token: "", sound: true, ...kept };
    this.#kept.token = readToken() || this.#kept.token;
    this.#conversation = Conversation.restore(conversation);
    this.#connection = new Connection({
      url: new URL("v1/ws", location.href.replace(/^http/u, "ws")),
      hello: () => this.#hello(),
      onState: (state) => this.#status.show(state),
      onFrame: (frame, speech) => this.#take(frame, speech),
      onSeen: () => this.#keep(),
    });
    this.#player = new Player({
      onPlayed: (turn, sentence) => this.#connection.send({ type: "played", turn, sentence }),
      onChange: () => this.#offerStop(),
    });
    this.#makeParts();
    this.#listen();
    this.#speakLanguage();
    this.#connection.open();
  }

  /** Keep what a reload needs, and end everything. */
  close() {
    this.#keep();
    this.#connection.close();
    this.#player.close();
    for (const timer of this.#retries) clearTimeout(timer);
    this.#retries.clear();
    this.#ending.abort();
  }

  #makeParts() {
    const { signal } = this.#ending;
    const language = this.#language;
    const send = (frame) => this.#connection.send(frame);
    const question = new Question(document, { signal });
    this.#list = new MessageList(document, { language, signal });
    this.#menu = new Menu(document, { signal });
    this.#status = new Status(document, { language, onConnect: () => this.#connection.open(), signal });
    this.#composer = new Composer(document, { onSay: (text) => this.#say(text), onStop: () => this.#stop(), signal });
    this.#histories = new Histories(document, { send, onLeave: () => this.#leave(), language, question, signal });
    this.#characters = new Characters(document, { onSwitch: (character) => this.#switch(character), signal });
    if (this.#kept.character) this.#characters.mark(this.#kept.character);
  }

  #listen() {
    const { signal } = this.#ending;
    const press = (id, action) => document.getElementById(id).addEventListener("click", action, { signal });
    press("sound", () => this.#toggleSound());
    press("language", () => this.#switchLanguage());
    document.addEventListener("pointerdown", () => this.#unlock(), { signal });
    document.addEventListener("keydown", () => this.#unlock(), { signal });
    window.addEventListener("online", () => this.#connection.open(), { signal });
    window.addEventListener("offline", () => this.#connection.goOffline(), { signal });
  }

  #hello() {
    const { resume, character, token, sound } = this.#kept;
    const hello = { type: "hello", version: 1, lang: this.#language.code, audio: sound };
    if (token) hello.token = token;
    if (resume) Object.assign(hello, { resume, last_seq: this.#conversation.seq });
    if (character) hello.character = character.file;
    if (this.#conversation.history) hello.history = this.#conversation.history;
    return hello;
  }

  #take(frame, speech) {
    if (!this.#conversation.admits(frame)) return;
    const message = this.#conversation.apply(frame);
    if (message) this.#list.update(this.#conversation, message, this.#characters.current.name);
    this.#histories.apply(frame);
    this.#answer(frame, speech);
    this.#offerStop();
  }

  #answer(frame, speech) {
    switch (frame.type) {
      case "welcome":
        this.#welcome(frame);
        break;
      case "sentence":
        this.#player.play(frame.turn, frame.index, this.#kept.sound ? speech : null);
        break;
      case "flush":
        this.#player.flush();
        break;
      case "turn.end":
        this.#histories.refresh();
        break;
      case "ack":
        this.#conversation.history = frame.history;
        this.#keep();
        break;
      case "history.open":
        this.#opened(frame);
        break;
      case "character":
        this.#characters.mark(frame.character);
        this.#begin(frame.history);
        break;
      case "busy":
        this.#sayLater(frame);
        break;
      case "error":
        this.#fail(frame);
        break;
      default:
        break;
    }
  }

  #welcome(frame) {
    const before = this.#conversation.history;
    this.#kept.resume = frame.resume;
    this.#status.name(frame.llm);
    this.#characters.show(frame.characters);
    this.#characters.mark(frame.character);
    if (!frame.resumed) this.#conversation.begin(frame.history, frame.seq);
    this.#histories.mark(this.#conversation.history);
    this.#histories.refresh();
    if (!frame.resumed && before) this.#reopen();
    else this.#sayAgain();
    this.#list.renew(this.#conversation, frame.character.name);
    this.#keep();
  }

  /** Fetch what was committed before saying again what was not. */
  #reopen() {
    this.#player.flush();
    this.#reopening = `r${crypto.getRandomValues(new Uint32Array(1))[0]}`;
    this.#connection.send({ type: "history.open", id: this.#reopening, history: this.#conversation.history });
  }

  #opened(frame) {
    this.#conversation.show(frame.history, frame.messages);
    this.#list.renew(this.#conversation, this.#characters.current.name);
    this.#histories.mark(frame.history);
    this.#histories.refresh();
    if (frame.id === this.#reopening) this.#sayAgain();
    this.#keep();
  }

  #begin(history) {
    this.#player.flush();
    this.#conversation.show(history, []);
    this.#list.renew(this.#conversation, this.#characters.current.name);
    this.#histories.mark(history);
    this.#histories.refresh();
    this.#keep();
  }

  #say(text) {
    this.#unlock();
    this.#status.notice("");
    this.#player.flush();
    const message = this.#conversation.say(newId(), text);
    this.#list.update(this.#conversation, message, this.#characters.current.name);
    this.#keep();
    this.#connection.send({ type: "say", id: message.id, text });
  }

  #sayAgain() {
    this.#reopening = "";
    for (const { id, text } of this.#conversation.unacknowledged) this.#connection.send({ type: "say", id, text });
  }

  #sayLater({ id, retry_after: seconds }) {
    if (!id) return;
    this.#status.notice(this.#language.text("busy", { seconds: Math.ceil(seconds) }));
    const timer = setTimeout(() => {
      this.#retries.delete(timer);
      this.#status.notice("");
      if (this.#status.isOpen) this.#sayAgain();
    }, seconds * 1000);
    this.#retries.add(timer);
  }

  #fail({ id, code, text }) {
    if (id && id === this.#reopening) {
      this.#sayAgain();
      return;
    }
    const refused = this.#conversation.refuse(id);
    if (refused) this.#list.update(this.#conversation, refused, this.#characters.current.name);
    this.#status.notice(code === "wrong-token" ? this.#language.text("wrong-token") : text);
  }

  /** Stop the answer, also one that was told to its end and is still playing: the character knows what was heard. */
  #stop() {
    const wasPlaying = this.#player.isPlaying;
    this.#player.flush();
    if (this.#conversation.running || wasPlaying) this.#connection.send({ type: "interrupt" });
  }

  #leave() {
    this.#stop();
    this.#status.notice("");
    this.#menu.close();
    this.#composer.focus();
  }

  #switch(character) {
    this.#stop();
    this.#connection.send({ type: "character.switch", id: newId(), character });
  }

  #unlock() {
    if (this.#kept.sound) this.#player.unlock();
  }

  /** Speech is asked for in `hello`: turning it on says hello again, and the session is resumed. */
  #toggleSound() {
    this.#kept.sound = !this.#kept.sound;
    this.#showSound();
    if (this.#kept.sound) this.#player.unlock();
    else this.#player.mute();
    this.#keep();
    if (this.#status.isOpen) this.#connection.open();
  }

  #switchLanguage() {
    this.#language.switch();
    this.#speakLanguage();
  }

  #speakLanguage() {
    this.#language.fill(document);
    this.#status.draw();
    this.#showSound();
    this.#histories.mark(this.#conversation.history);
    this.#list.renew(this.#conversation, this.#characters.current.name);
  }

  #showSound() {
    const button = document.getElementById("sound");
    button.setAttribute("aria-pressed", String(this.#kept.sound));
    button.textContent = this.#language.text("sound");
  }

  #offerStop() {
    this.#composer.offerStop(Boolean(this.#conversation.running) || this.#player.isPlaying);
  }

  #keep() {
    const character = this.#characters.current.file ? this.#characters.current : null;
    this.#memory.save((most) => ({ ...this.#kept, character, conversation: this.#conversation.snapshot(most) }));
    return this.#conversation.seq;
  }
}

/** A token in the address, `#token=…`, is taken out of it; a reload finds it in the tab's memory. */
function readToken() {
  const token = new URLSearchParams(location.hash.slice(1)).get("token");
  if (token) history.replaceState(null, "", location.pathname);
  return token ?? "";
}

/** 32 hexadecimal digits; `crypto.randomUUID` is missing on plain HTTP beyond this machine. */
function newId() {
  return Array.from(crypto.getRandomValues(new Uint8Array(16)), (byte) => byte.toString(16).padStart(2, "0")).join("");
}

let app = new App();
window.addEventListener("pagehide", () => app.close());
window.addEventListener("pageshow", ({ persisted }) => {
  if (persisted) app = new App();
});
