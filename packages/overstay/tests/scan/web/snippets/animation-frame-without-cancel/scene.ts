export class Scene {
  private frame = 0;

  start() {
    this.render();
  }

  private render = () => {
    this.frame = requestAnimationFrame(this.render); // good
  };

  stop() {
    cancelAnimationFrame(this.frame);
  }
}

export class Endless {
  start() {
    this.render();
  }

  private render() {
    requestAnimationFrame(this.render.bind(this)); // bad
  }

  dispose() {
    console.log('disposed');
  }
}

export function startStars(canvas: HTMLCanvasElement) {
  let frame = requestAnimationFrame(step);
  function step() {
    draw(canvas);
    frame = requestAnimationFrame(step); // good
  }
  return () => cancelAnimationFrame(frame);
}

export function startRain(canvas: HTMLCanvasElement) {
  function step() {
    draw(canvas);
    requestAnimationFrame(step); // bad
  }
  step();
  return () => canvas.remove();
}
