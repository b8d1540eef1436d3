// Gathers a burst of changes into one look (I14): it fires when nothing has changed for a while, and at the latest after a cap.
import type { Cancel, Clock } from '@longshore/reconciler-core';

/** Spec I14: 1 s of quiet, 5 s at most. */
export interface ChangeWindowOptions {
  readonly clock: Clock;
  readonly quietMs: number;
  readonly longestMs: number;
  readonly fire: () => void;
}

/** One window at a time. */
export class ChangeWindow {
  readonly #options: ChangeWindowOptions;
  #openedMs: number | undefined;
  #cancel: Cancel = () => {};

  constructor(options: ChangeWindowOptions) {
    this.#options = options;
  }

  /** Something changed. */
  extend(): void {
    const { clock, quietMs, longestMs } = this.#options;
    const nowMs = clock.monotonicMs();
    this.#openedMs ??= nowMs;
    this.#cancel();
    this.#cancel = clock.after(Math.min(quietMs, this.#openedMs + longestMs - nowMs), () => this.#fire());
  }

  /** Drops what was gathered. */
  close(): void {
    this.#cancel();
    this.#openedMs = undefined;
  }

  #fire(): void {
    this.#openedMs = undefined;
    this.#options.fire();
  }
}
