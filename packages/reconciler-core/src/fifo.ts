// First in, first out in O(1): Array.shift moves every element, which a work queue of 5,000 keys would feel.

// Consumed slots are cut off when they are the larger half, so each element is moved at most once on average.
const WORTH_COMPACTING = 1024;

/** A queue of values; used by the work queue. */
export class Fifo<T extends object> {
  #slots: (T | undefined)[] = [];
  #head = 0;

  get size(): number {
    return this.#slots.length - this.#head;
  }

  push(value: T): void {
    this.#slots.push(value);
  }

  /** The oldest value, or undefined when there is none. */
  shift(): T | undefined {
    if (this.size === 0) return undefined;
    const value = this.#slots[this.#head];
    this.#slots[this.#head] = undefined;
    this.#head += 1;
    if (this.#head >= WORTH_COMPACTING && this.#head * 2 >= this.#slots.length) {
      this.#slots = this.#slots.slice(this.#head);
      this.#head = 0;
    }
    return value;
  }
}
