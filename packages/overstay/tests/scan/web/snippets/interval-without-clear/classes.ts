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

export class Rooms {
  private static readonly clock = setInterval(() => {}, 1000); // good
  private timers = new Map<string, ReturnType<typeof setInterval>>();
  private names = new Map<ReturnType<typeof setInterval>, string>();

  enter(room: string) {
    const timer = setInterval(() => this.poll(room), 1000); // good
    this.timers.set(room, timer);
    const other = setInterval(() => this.poll(room), 9000); // good
    this.names.set(other, room);
  }

  poll(room: string) {}

  leave(room: string) {
    const timer = this.timers.get(room);
    clearInterval(timer);
    this.timers.delete(room);
  }

  dispose() {
    for (const [timer, room] of this.names) clearInterval(timer);
    for (const room of this.timers.keys()) this.leave(room);
  }
}
