export class Viewer extends HTMLElement {
  private timer = 0;

  connectedCallback() {
    this.timer = window.setInterval(() => this.draw(), 40); // bad
  }

  draw() {}
}

export class Cleared extends HTMLElement {
  private timer = 0;

  connectedCallback() {
    this.timer = window.setInterval(() => this.draw(), 40); // good
  }

  disconnectedCallback() {
    this.halt();
  }

  private halt() {
    window.clearInterval(this.timer);
  }

  draw() {}
}

export class Session {
  private heartbeat?: ReturnType<typeof setInterval>;
  private stats?: ReturnType<typeof setInterval>;

  constructor(private readonly socket: WebSocket) {
    this.heartbeat = setInterval(() => socket.send('ping'), 20_000); // good
    this.stats = setInterval(() => this.report(), 60_000); // bad
  }

  report() {}

  close() {
    clearInterval(this.heartbeat);
    this.socket.close();
  }
}

/** Nothing says that a singleton ends. */
export class Program {
  private timer = setInterval(() => this.report(), 60_000); // good

  report() {}
}
