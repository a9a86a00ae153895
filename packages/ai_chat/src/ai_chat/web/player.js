/**
 * Speech, one sentence after the other.
 *
 * A browser allows sound only after a gesture; `unlock` makes the audio context then, and `close` ends it.
 * Without it a sentence counts as played when it is shown, so the server always knows what was heard.
 */

const MOST_QUEUED = 200;
const LOUDEST = 32768;

export class Player {
  #context = null;
  #queue = [];
  #source = null;
  #options;

  /** `onPlayed(turn, index)` is told in order; `onChange()` when playing begins or ends. */
  constructor({ Context = globalThis.AudioContext, onPlayed, onChange = () => {} }) {
    this.#options = { Context, onPlayed, onChange };
  }

  get isPlaying() {
    return this.#source !== null;
  }

  /** Call from a gesture of the user. */
  unlock() {
    if (!this.#options.Context) return;
    this.#context ??= new this.#options.Context();
    if (this.#context.state === "suspended") this.#context.resume();
  }

  /** Queue a sentence; without speech it is played once those before it are. */
  play(turn, index, speech) {
    const canSound = this.#context?.state === "running" && this.#queue.length < MOST_QUEUED;
    this.#queue.push({ turn, index, speech: canSound && speech?.samples.length && speech.rate ? speech : null });
    this.#advance();
  }

  /** Stop at once and forget the queue; what was not played is not reported. */
  flush() {
    this.#queue = [];
    this.#stop();
    this.#options.onChange();
  }

  /** Go on in silence: the rest counts as played, for it is shown. */
  mute() {
    const current = this.#stop();
    for (const { turn, index } of [...current, ...this.#queue.splice(0)]) this.#options.onPlayed(turn, index);
    this.#options.onChange();
    this.#release();
  }

  /** End the audio context. A later `unlock` makes another. */
  close() {
    this.flush();
    this.#release();
  }

  #release() {
    this.#context?.close();
    this.#context = null;
  }

  #advance() {
    while (this.#source === null && this.#queue.length) {
      const sentence = this.#queue.shift();
      if (sentence.speech) this.#start(sentence);
      else this.#options.onPlayed(sentence.turn, sentence.index);
    }
    this.#options.onChange();
  }

  #start(sentence) {
    const { samples, rate } = sentence.speech;
    const buffer = this.#context.createBuffer(1, samples.length, rate);
    const channel = buffer.getChannelData(0);
    for (let at = 0; at < samples.length; at += 1) channel[at] = samples[at] / LOUDEST;
    const source = this.#context.createBufferSource();
    source.buffer = buffer;
    source.connect(this.#context.destination);
    source.onended = () => this.#ended(sentence);
    source.start();
    this.#source = { source, sentence };
  }

  #ended({ turn, index }) {
    this.#source = null;
    this.#options.onPlayed(turn, index);
    this.#advance();
  }

  #stop() {
    if (this.#source === null) return [];
    const { source, sentence } = this.#source;
    source.onended = null;
    source.stop();
    source.disconnect();
    this.#source = null;
    return [sentence];
  }
}
