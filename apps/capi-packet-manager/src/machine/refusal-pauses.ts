// Remembers for how long a refused POST is not repeated. What the controller writes after a refusal brings the Machine back at once, and
// that must not be another POST; an edited Machine is asked for without delay.
import { isDeepStrictEqual } from 'node:util';
import { exponentialBackoff } from '@longshore/reconciler-core';
import type { RateLimiter } from '@longshore/reconciler-core';
import { keyOf } from '@longshore/k8s-runtime';
import type { Machine } from '../api/objects.ts';
import type { ServerCreation } from '../servers/contract.ts';

interface Refusal {
  readonly creation: ServerCreation;
  readonly spec: Machine['spec'];
  readonly untilMs: number;
}

/** Pauses by Machine. */
export class RefusalPauses {
  readonly #pauses: RateLimiter<string>;
  readonly #refusals = new Map<string, Refusal>();

  constructor({ firstMs, longestMs }: { readonly firstMs: number; readonly longestMs: number }) {
    this.#pauses = exponentialBackoff({ baseMs: firstMs, capMs: longestMs });
  }

  /** The refusal whose pause is not over. */
  pending(machine: Machine, nowMs: number): ServerCreation | undefined {
    const refusal = this.#refusals.get(keyOf(machine));
    const isPending = refusal && refusal.untilMs > nowMs && isDeepStrictEqual(refusal.spec, machine.spec);
    return isPending ? refusal.creation : undefined;
  }

  /** The pause after `creation`, or what is left of it. `fixedMs`: not a growing one. */
  pauseMs(
    machine: Machine,
    { creation, nowMs, fixedMs }: { creation: ServerCreation; nowMs: number; fixedMs: number | undefined },
  ): number {
    const key = keyOf(machine);
    const known = this.#refusals.get(key);
    if (known?.creation === creation) return Math.max(1, known.untilMs - nowMs);
    const ms = fixedMs ?? this.#pauses.nextDelayMs(key);
    this.#refusals.set(key, { creation, spec: machine.spec, untilMs: nowMs + ms });
    return ms;
  }

  /** A growing pause that is not about a POST. */
  nextMs(machine: Machine): number {
    return this.#pauses.nextDelayMs(keyOf(machine));
  }

  /** It goes well again. */
  forget(key: string): void {
    this.#pauses.forget(key);
    this.#refusals.delete(key);
  }
}
