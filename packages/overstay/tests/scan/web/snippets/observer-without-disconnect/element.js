class GrowingBox extends HTMLElement {
  connectedCallback() {
    this.sizes = new ResizeObserver(() => this.grow()); // good
    this.children_ = new MutationObserver(() => this.grow()); // bad
    this.sizes.observe(this);
    this.children_.observe(this, { childList: true });
  }

  disconnectedCallback() {
    this.sizes.disconnect();
  }

  grow() {}
}

/** A Svelte action. */
export function sized(node) {
  const observer = new ResizeObserver(() => {}); // good
  observer.observe(node);
  return {
    destroy() {
      observer.disconnect();
    },
  };
}

export function leakySized(node) {
  const observer = new ResizeObserver(() => {}); // bad
  observer.observe(node);
  return {
    destroy() {
      node.remove();
    },
  };
}
