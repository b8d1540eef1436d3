// Keeps a process whose key is refused from asking again and again: after a refusal all calls fail at once for a while, with the same
// error, then one is let through to see whether the key is good by now.
import type { Clock } from '@longshore/reconciler-core';
import { isKeyRefused } from './failures.ts';

/** Shared by everything that calls the API with one key. */
export class CredentialGate {
  readonly #clock: Clock;
  readonly #closedForMs: number;
  #closed: { readonly untilMs: number; readonly error: unknown } | undefined;

  constructor({ clock, closedForMs = 30_000 }: { readonly clock: Clock; readonly closedForMs?: number }) {
    this.#clock = clock;
    this.#closedForMs = closedForMs;
  }

  /** Does the work, or rejects with the refusal of a short while ago. */
  async run<T>(work: () => Promise<T>): Promise<T> {
    const nowMs = this.#clock.monotonicMs();
    if (this.#closed !== undefined && nowMs < this.#closed.untilMs) throw this.#closed.error;
    // Others that come while the first one asks get the old refusal.
    if (this.#closed !== undefined) this.#closed = { ...this.#closed, untilMs: nowMs + this.#closedForMs };
    try {
      const result = await work();
      this.#closed = undefined;
      return result;
    } catch (error) {
      this.#closed = !isKeyRefused(error)
        ? undefined
        : { untilMs: this.#clock.monotonicMs() + this.#closedForMs, error };
      throw error;
    }
  }
}
