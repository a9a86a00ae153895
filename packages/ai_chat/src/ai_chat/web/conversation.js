/**
 * What was said, as plain values: messages, the sentences of the running turn, and the number of the last frame.
 *
 * A frame is applied once: its `seq` and its effect are kept in one snapshot, so a reload asks for exactly the rest.
 */

const MOST_MESSAGES = 500;
const KEPT_MESSAGES = 200;
const WIDE = /[\u2e80-\u9fff\uac00-\ud7af\uff00-\uffef]/u;

/** Sentences as one text: a space between them, except beside Chinese, Japanese and Korean ones. */
export function joinSentences(sentences) {
  return sentences
    .filter((text) => typeof text === "string")
    .reduce((text, next) => {
      const isTight = !text || /\s$/u.test(text) || /^\s/u.test(next) || WIDE.test(text.at(-1)) || WIDE.test(next[0] ?? "");
      return text + (isTight ? "" : " ") + next;
    }, "");
}

export class Conversation {
  seq = 0;
  history = "";
  messages = [];
  #count = 0;

  /** A conversation as `snapshot` kept it. */
  static restore(snapshot) {
    const conversation = new Conversation();
    if (!snapshot) return conversation;
    conversation.seq = snapshot.seq;
    conversation.history = snapshot.history;
    for (const message of snapshot.messages) conversation.#add(message);
    return conversation;
  }

  /** Plain values to restore from: the last messages, and every text that was not acknowledged. */
  snapshot(most = KEPT_MESSAGES) {
    const recent = new Set(this.messages.slice(-most));
    const kept = this.messages.filter((message) => recent.has(message) || message.state === "sending");
    return { seq: this.seq, history: this.history, messages: kept.map(({ key, ...message }) => message) };
  }

  /** The texts that the server has not committed, the oldest first. */
  get unacknowledged() {
    return this.messages.filter((message) => message.state === "sending");
  }

  /** The answer that is being given, if any. */
  get running() {
    return this.messages.findLast((message) => message.state === "running") ?? null;
  }

  say(id, text) {
    return this.#add({ role: "human", id, text, state: "sending" });
  }

  /** A new session's frames count from `seq`; what no frame will end any more is over. */
  begin(history, seq) {
    this.seq = seq;
    this.history = history;
    for (const message of this.messages) if (message.state === "running") message.state = "interrupted";
  }

  /** Show the stored messages of a history, then what is not acknowledged yet. */
  show(history, messages) {
    const stored = new Set(messages.map(({ id }) => id));
    const waiting = history === this.history ? this.unacknowledged.filter(({ id }) => !stored.has(id)) : [];
    this.history = history;
    this.messages = [];
    for (const { role, text, name, interrupted, number } of messages) {
      this.#add({ role, text, name, number, state: interrupted ? "interrupted" : "done" });
    }
    for (const message of waiting) this.#add(message);
  }

  /** Whether the frame is new; one without a number always is, and the number in `welcome` is not its own. */
  admits(frame) {
    if (!frame.seq || frame.type === "welcome") return true;
    if (frame.seq <= this.seq) return false;
    this.seq = frame.seq;
    return true;
  }

  /** Apply a frame of a turn, and return the message that it changed, or null. */
  apply(frame) {
    switch (frame.type) {
      case "ack":
        return this.#acknowledge(frame);
      case "turn.start":
        return this.#answer(frame.turn);
      case "sentence":
        return this.#hear(frame);
      case "tool":
        return this.#use(frame);
      case "turn.end":
        return this.#end(frame);
      case "transcript":
        return this.#add({ role: "human", text: frame.text, name: frame.speaker, state: "done" });
      default:
        return null;
    }
  }

  /** The server will not take this text: it is not said again by itself. */
  refuse(id) {
    const message = this.#said(id);
    if (message) message.state = "failed";
    return message;
  }

  #add(message) {
    this.#count += 1;
    const added = { ...message, key: this.#count };
    this.messages.push(added);
    if (this.messages.length > MOST_MESSAGES) this.messages.splice(0, this.messages.length - MOST_MESSAGES);
    return added;
  }

  #said(id) {
    return this.messages.findLast((message) => message.role === "human" && message.id === id) ?? null;
  }

  #acknowledge(frame) {
    const message = this.#said(frame.id);
    if (message) Object.assign(message, { state: "done", number: frame.message });
    return message;
  }

  #answer(turn) {
    const known = this.messages.findLast((message) => message.state === "running" && message.turn === turn);
    return known ?? this.#add({ role: "ai", turn, text: "", sentences: [], tools: [], state: "running" });
  }

  #hear({ turn, index, text }) {
    const message = this.#answer(turn);
    message.sentences[index] = text;
    message.text = joinSentences(message.sentences);
    return message;
  }

  #use({ turn, call, name, status, content }) {
    const message = this.#answer(turn);
    const known = message.tools.find((tool) => tool.call === call);
    if (known) Object.assign(known, { status, content });
    else message.tools.push({ call, name, status, content });
    return message;
  }

  #end({ turn, reason, heard, message: number }) {
    const message = this.#answer(turn);
    if (reason === "interrupted") message.text = heard;
    for (const tool of message.tools) if (tool.status === "running") tool.status = "cancelled";
    Object.assign(message, { state: reason, number, sentences: [] });
    return message;
  }
}
