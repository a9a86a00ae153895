export class MapView {
  constructor() {
    this.onResize = this.onResize.bind(this);
    window.addEventListener('resize', this.onResize); // good
    window.addEventListener('keydown', this.onKey.bind(this)); // bad
  }

  onResize() {}
  onKey() {}

  destroy() {
    window.removeEventListener('resize', this.onResize);
    window.removeEventListener('keydown', this.onKey.bind(this));
  }
}

export function showMenu(menu) {
  const close = () => menu.remove();
  addEventListener('blur', close); // bad
  document.addEventListener('click', close); // good
  return () => document.removeEventListener('click', close);
}

/** The page's own listener lives as long as the page. */
window.addEventListener('error', report); // good
