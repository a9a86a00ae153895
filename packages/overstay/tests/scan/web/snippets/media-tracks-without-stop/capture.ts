export class Capture {
  private stream: MediaStream | null = null;
  private screen: MediaStream | null = null;

  async start() {
    this.stream = await navigator.mediaDevices.getUserMedia({ audio: true }); // good
    this.screen = await navigator.mediaDevices.getDisplayMedia({ video: true }); // bad
  }

  stop() {
    this.stream?.getTracks().forEach((track) => track.stop());
    this.stream = null;
    this.screen = null;
  }
}

let stream: MediaStream;

export async function startTalking() {
  stream = await navigator.mediaDevices.getUserMedia({ audio: true }); // good
}

export function stopTalking() {
  stream.getAudioTracks().forEach((track) => {
    track.stop();
  });
}

/** The caller has it, and closes it. */
export async function microphone() {
  return navigator.mediaDevices.getUserMedia({ audio: true }); // good
}
