/**
 * Collects the children of nested collections on one stack and cuts them off as arrays of exact size: an array grown
 * by `push` reserves room for 17 elements, and most collections of a manifest have one to three.
 */
export class ChildStack<T> {
  readonly #slots: T[] = [];
  #top = 0;

  get top(): number {
    return this.#top;
  }

  push(child: T): void {
    this.#slots[this.#top++] = child;
  }

  /** Takes everything pushed since `top` was `from`. */
  take(from: number): T[] {
    const children = this.#slots.slice(from, this.#top);
    this.#top = from;
    return children;
  }
}
