/** Pauses between attempts: up to 0.5 s, 1 s, 2 s … 30 s, each drawn at random from zero (full jitter). */

const FIRST = 0.5;
const LONGEST = 30;

export class Backoff {
  #attempts = 0;
  #random;

  constructor(random = Math.random) {
    this.#random = random;
  }

  /** The seconds to wait before the next attempt; `atLeast` is what the server asked for. */
  next(atLeast = 0) {
    const most = Math.min(LONGEST, FIRST * 2 ** this.#attempts);
    this.#attempts += 1;
    return atLeast + this.#random() * most;
  }

  /** An attempt succeeded: the next pause is short again. */
  reset() {
    this.#attempts = 0;
  }
}
