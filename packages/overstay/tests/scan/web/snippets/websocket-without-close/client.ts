let shared: WebSocket | null = null;

/** One for the page: nothing opens and closes it. */
export function sharedSocket(url: string) {
  if (!shared) shared = new WebSocket(url); // good
  return shared;
}

export class Client {
  private socket: WebSocket | null = null;
  private news: EventSource | null = null;

  connect(url: string) {
    this.socket = new WebSocket(url); // good
    this.news = new EventSource(`${url}/news`); // bad
  }

  disconnect() {
    this.socket?.close();
    this.socket = null;
    this.news = null;
  }
}

export function openChannel(name: string) {
  const channel = new BroadcastChannel(name); // bad
  channel.onmessage = show;
  return () => {
    channel.onmessage = null;
  };
}

export function openClosedChannel(name: string) {
  const channel = new BroadcastChannel(name); // good
  channel.onmessage = show;
  return () => channel.close();
}

/** The client has it from then on. */
export class Remote {
  constructor(private readonly socket: WebSocket) {}

  static async connect(url: string) {
    const socket = new WebSocket(url); // good
    return new Remote(socket);
  }

  close() {
    this.socket.close();
  }
}
