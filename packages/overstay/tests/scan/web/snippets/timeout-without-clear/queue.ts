/** Once, and not of a component: it ends by itself. */
export class Queue {
  add(job: () => void) {
    setTimeout(job, 20); // good
  }

  close() {}
}

export class Pulse {
  start() {
    this.beat();
  }

  private beat() {
    setTimeout(() => this.beat(), 1000); // bad
  }

  stop() {
    console.log('stopped');
  }
}
