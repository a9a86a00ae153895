/**
 * One socket at a time to `/v1/ws`, and its state for people.
 *
 * Speech arrives in a binary frame after its sentence. The sentence is handed on with it, so a connection that breaks
 * between the two loses neither: the sentence's number was not counted yet, and a resume sends both again.
 * The page never says `bye`: a browser does not tell a reload from a closed tab, and a reload must be able to resume.
 * The server lets a session go by itself after `resume_s`.
 */

import { Backoff } from "./backoff.js";

const CONNECT_SECONDS = 10;
const SEEN_SECONDS = 1;
const REFUSED = 1008;
const MOVED = 4409;
const HEADER_BYTES = 12;

/** The speech of a binary frame: 12 bytes of header, then 16 bit samples. */
export function readSpeech(buffer) {
  const header = new DataView(buffer);
  return {
    turn: header.getUint32(0, true),
    index: header.getUint32(4, true),
    rate: header.getUint32(8, true),
    samples: new Int16Array(buffer.slice(HEADER_BYTES, buffer.byteLength - ((buffer.byteLength - HEADER_BYTES) % 2))),
  };
}

export class Connection {
  #socket = null;
  #listening = null;
  #timers = new Map();
  #backoff;
  #awaitingSpeech = null;
  #askedPause = 0;
  #busy = false;
  #heardFrom = false;
  #options;

  /**
   * `hello()` gives the first frame, `onFrame(frame, speech)` gets every other one, `onState({name, seconds, reason})`
   * every change, and `onSeen()` keeps what was applied and returns its number.
   */
  constructor({ Socket = globalThis.WebSocket, isOnline = () => globalThis.navigator.onLine, random = Math.random, ...options }) {
    this.#options = { Socket, isOnline, ...options };
    this.#backoff = new Backoff(random);
  }

  /** Connect now, in place of any socket or pause there is. */
  open() {
    this.close();
    if (!this.#options.isOnline()) {
      this.#tell("offline");
      return;
    }
    this.#tell("connecting");
    const socket = new this.#options.Socket(this.#options.url);
    socket.binaryType = "arraybuffer";
    this.#socket = socket;
    this.#listening = new AbortController();
    const { signal } = this.#listening;
    socket.addEventListener("open", () => this.send(this.#options.hello()), { signal });
    socket.addEventListener("message", (event) => this.#receive(event.data), { signal });
    socket.addEventListener("close", (event) => this.#closed(event.code), { signal });
    this.#after("connect", CONNECT_SECONDS, () => this.#lost());
  }

  /** Send a frame when the connection is open; says whether it was sent. */
  send(frame) {
    const isOpen = this.#socket?.readyState === 1;
    if (isOpen) this.#socket.send(JSON.stringify(frame));
    return isOpen;
  }

  /** End the socket and every timer. Nothing is reported any more until `open`. */
  close() {
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#timers.clear();
    this.#listening?.abort();
    this.#listening = null;
    this.#socket?.close();
    this.#socket = null;
    this.#awaitingSpeech = null;
  }

  /** The network is gone: say so, and wait for `open`. */
  goOffline() {
    this.close();
    this.#tell("offline");
  }

  #receive(text) {
    this.#heardFrom = true;
    if (typeof text !== "string") {
      this.#deliverWaiting(readSpeech(text));
      return;
    }
    this.#deliverWaiting(null);
    const frame = JSON.parse(text);
    if (frame.type === "sentence" && frame.audio > 0) this.#awaitingSpeech = frame;
    else this.#deliver(frame, null);
  }

  #deliverWaiting(speech) {
    const frame = this.#awaitingSpeech;
    this.#awaitingSpeech = null;
    if (frame) this.#deliver(frame, speech);
  }

  #deliver(frame, speech) {
    if (frame.type === "welcome") this.#welcomed(frame);
    if (frame.type === "busy" && !frame.id) this.#beBusy(frame);
    if (frame.type === "bye") this.#backoff.reset();
    this.#options.onFrame(frame, speech);
    if (frame.seq && frame.type !== "welcome" && !this.#timers.has("seen")) this.#after("seen", SEEN_SECONDS, () => this.#seen());
  }

  #welcomed(frame) {
    this.#cancel("connect");
    this.#backoff.reset();
    this.#tell("open");
    this.#beat(frame.heartbeat_s);
  }

  #beBusy(frame) {
    this.#busy = true;
    this.#askedPause = frame.retry_after;
  }

  #seen() {
    this.send({ type: "seen", seq: this.#options.onSeen() });
  }

  /** Ping; when two heartbeats pass without any frame the connection is dead, whatever the browser believes. */
  #beat(seconds, missed = 0) {
    this.#heardFrom = false;
    this.send({ type: "ping" });
    this.#after("beat", seconds, () => {
      if (this.#heardFrom) this.#beat(seconds);
      else if (missed === 0) this.#beat(seconds, 1);
      else this.#lost();
    });
  }

  #closed(code) {
    const isFinal = code === REFUSED || code === MOVED;
    if (!isFinal) {
      this.#lost();
      return;
    }
    this.close();
    this.#tell(code === REFUSED ? "refused" : "moved");
  }

  #lost() {
    this.close();
    if (!this.#options.isOnline()) {
      this.#tell("offline");
      return;
    }
    const pause = this.#backoff.next(this.#askedPause);
    const name = this.#busy ? "busy" : "waiting";
    this.#askedPause = 0;
    this.#busy = false;
    this.#wait(name, pause);
  }

  /** Count down where people see it, then connect. */
  #wait(name, seconds) {
    this.#tell(name, Math.ceil(seconds));
    const step = Math.min(seconds, 1);
    this.#after("wait", step, () => (seconds > step ? this.#wait(name, seconds - step) : this.open()));
  }

  #tell(name, seconds = 0) {
    this.#options.onState({ name, seconds });
  }

  #after(name, seconds, action) {
    this.#cancel(name);
    const timer = setTimeout(() => {
      this.#timers.delete(name);
      action();
    }, seconds * 1000);
    this.#timers.set(name, timer);
  }

  #cancel(name) {
    clearTimeout(this.#timers.get(name));
    this.#timers.delete(name);
  }
}
