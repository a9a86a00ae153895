const delays = [500, 1000, 2000, 5000];

const pauseOf = (attempt: number) => delays[Math.min(attempt, delays.length - 1)];
const always = () => 1500;

export class Client {
  private attempt = 0;
  private readonly reconnectDelay = 1000;
  private socket?: WebSocket;

  connect() {
    this.socket = new WebSocket('/ws');
    this.socket.onclose = () => this.onLost();
  }

  private onLost() {
    setTimeout(() => this.connect(), this.reconnectDelay); // bad
  }
}

export class Stepped {
  private attempt = 0;
  private socket?: WebSocket;

  connectStepped() {
    this.socket = new WebSocket('/ws');
    this.socket.onclose = () => {
      setTimeout(() => this.connectStepped(), pauseOf(this.attempt++)); // good
    };
  }
}

export class Steady {
  private source?: EventSource;

  listenSteadily() {
    this.source = new EventSource('/events');
    this.source.onerror = () => {
      this.source?.close();
      setTimeout(() => this.listenSteadily(), always()); // bad
    };
  }
}

export class Configured {
  constructor(private readonly backoff: { next(): number }) {}

  connectAsTold() {
    const socket = new WebSocket('/ws');
    socket.onclose = () => setTimeout(() => this.connectAsTold(), this.backoff.next()); // good
  }
}

export function openByHand(button: HTMLButtonElement) {
  const openOnce = () => {
    const socket = new WebSocket('/ws');
    socket.onclose = () => (button.disabled = false);
  };
  button.onclick = openOnce; // good
}

export function handedOver() {
  const dialAgain = () => {
    const socket = new WebSocket('/ws');
    socket.addEventListener('close', dialAgain); // bad
  };
  dialAgain();
}
