// After the API has refused an address because the quota is used up, nobody asks for another one for a while: each Service has its own
// back-off, and fifty of them would otherwise ask fifty times.
import { refusalOf } from '@longshore/packet-api';
import type { AddressType } from '@longshore/packet-api';
import type { Clock } from '@longshore/reconciler-core';

/** How long nobody asks. */
export const QUOTA_PAUSE_MS = 30_000;

/** Remembers refusals by the kind of address. */
export class QuotaPause {
  readonly #clock: Clock;
  readonly #refusals = new Map<AddressType, { readonly error: unknown; readonly untilMs: number }>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** Throws the refusal again while it is young. */
  check(type: AddressType): void {
    const refusal = this.#refusals.get(type);
    if (refusal !== undefined && this.#clock.monotonicMs() < refusal.untilMs) throw refusal.error;
    this.#refusals.delete(type);
  }

  /** Notes a failure, if it is about the quota. */
  note(type: AddressType, error: unknown): void {
    if (refusalOf(error) !== 'quota') return;
    this.#refusals.set(type, { error, untilMs: this.#clock.monotonicMs() + QUOTA_PAUSE_MS });
  }

  /** Something was given back. */
  end(): void {
    this.#refusals.clear();
  }
}
