let engine = null;

export function startEngine() {
  engine = new Worker('/engine.js'); // good
  const log = new Worker('/log.js'); // bad
  log.postMessage('started');
}

export function stopEngine() {
  engine?.terminate();
  engine = null;
}

export class Speech {
  constructor() {
    this.worker = new SharedWorker('/speech.js'); // good
    this.model = new Worker('/model.js'); // bad
  }

  destroy() {
    this.worker.port.close();
  }
}
