// So many at a time: the API refused more than about five devices that were ordered at once.
import { abortable } from '@longshore/reconciler-core';

/** Rights to do something at the same time as others; first come, first served. */
export class CreationSlots {
  #free: number;
  readonly #waiting: PromiseWithResolvers<void>[] = [];

  constructor(count: number) {
    this.#free = count;
  }

  /** Does the work as soon as there is a slot. An abort ends the waiting, not work that has begun. */
  async run<T>(work: () => Promise<T>, signal: AbortSignal): Promise<T> {
    await this.#take(signal);
    try {
      return await work();
    } finally {
      this.#giveBack();
    }
  }

  async #take(signal: AbortSignal): Promise<void> {
    signal.throwIfAborted();
    if (this.#free > 0) {
      this.#free -= 1;
      return;
    }
    const turn = Promise.withResolvers<void>();
    this.#waiting.push(turn);
    try {
      await abortable(turn.promise, signal);
    } catch (error) {
      const index = this.#waiting.indexOf(turn);
      // Its turn had come at the very moment of the abort: the next one gets it.
      if (index < 0) this.#giveBack();
      else this.#waiting.splice(index, 1);
      throw error;
    }
  }

  #giveBack(): void {
    const next = this.#waiting.shift();
    if (next === undefined) this.#free += 1;
    else next.resolve();
  }
}
