// Whether the API takes the key, as seen by the calls that are made anyway. While it does not, Probe says so; the key may be replaced in its
// file at any time, so the API is asked again now and then.
import type { CallEvent } from '@longshore/cloud-http';
import type { Clock } from '@longshore/reconciler-core';

const ASK_AGAIN_MS = 30_000;

/** Watches the calls of one client. */
export class CredentialsWatch {
  readonly #clock: Clock;
  readonly #ask: () => Promise<unknown>;
  #isRefused = false;
  #askedMs = 0;

  /** `ask` makes a cheap call with the key of that moment; what comes of it is seen by `see`. */
  constructor(clock: Clock, ask: () => Promise<unknown>) {
    this.#clock = clock;
    this.#ask = ask;
  }

  /** One call that was made. */
  see({ status }: Pick<CallEvent, 'status'>): void {
    if (status === undefined || status >= 500) return;
    if (status === 401 && !this.#isRefused) this.#askedMs = this.#clock.monotonicMs();
    this.#isRefused = status === 401;
  }

  /** What is wrong, answered at once. */
  problem(): string | undefined {
    if (!this.#isRefused) return undefined;
    const nowMs = this.#clock.monotonicMs();
    if (nowMs - this.#askedMs >= ASK_AGAIN_MS) {
      this.#askedMs = nowMs;
      this.#ask().catch(() => {});
    }
    return 'the API refuses the API key: put a valid one in place';
  }
}
