export class Microphone {
  private context?: AudioContext;
  private monitor: AudioContext | null = null;

  async start() {
    this.context = new AudioContext(); // good
    this.monitor = new window.AudioContext(); // bad
  }

  async stop() {
    await this.context?.close();
    this.monitor = null;
  }
}

let effects: AudioContext | undefined;

/** One for the page. */
export const effectsContext = () => (effects ??= new AudioContext()); // good

export function startTone() {
  const context = new AudioContext(); // bad
  const tone = context.createOscillator();
  tone.start();
  return () => tone.stop();
}
