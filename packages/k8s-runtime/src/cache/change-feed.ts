// Subscribers of an informer, isolated from one another: one that throws is logged and counted, the others and the stream go on.
import type { Change, Unsubscribe } from '@longshore/reconciler-core';

type Listener<T> = (change: Change<T>) => void;

/** Hands changes to listeners, in order, synchronously. */
export class ChangeFeed<T> {
  readonly #onError: (error: unknown) => void;
  // Replaced on each change, so that a listener may subscribe or unsubscribe others while a change is being handed out.
  #listeners: readonly Listener<T>[] = [];

  constructor(onError: (error: unknown) => void) {
    this.#onError = onError;
  }

  /** `present` is handed to the new listener first, as `added`. */
  subscribe(listener: Listener<T>, present: readonly T[]): Unsubscribe {
    const own: Listener<T> = (change) => listener(change);
    this.#listeners = [...this.#listeners, own];
    for (const object of present) this.#hand(own, { kind: 'added', object });
    return () => {
      this.#listeners = this.#listeners.filter((other) => other !== own);
    };
  }

  emit(change: Change<T>): void {
    for (const listener of this.#listeners) this.#hand(listener, change);
  }

  #hand(listener: Listener<T>, change: Change<T>): void {
    try {
      listener(change);
    } catch (error) {
      this.#onError(error);
    }
  }
}
