// Who may call: tokens, their scopes and their quotas.
import type { Clock } from '@longshore/reconciler-core';
import type { SimRequest } from '../exchange.ts';
import { Quota } from '../quota.ts';
import type { QuotaLimits } from '../quota.ts';

interface KnownToken {
  /** `all`, or a list such as `load_balancer:read`. */
  readonly scopes: 'all' | readonly string[];
  readonly quota: Quota | undefined;
}

/** The tokens of the simulated account. */
export class Tokens {
  readonly #clock: Clock;
  readonly #limits: QuotaLimits | 'off';
  readonly #known = new Map<string, KnownToken>();

  constructor(clock: Clock, limits: QuotaLimits | 'off') {
    this.#clock = clock;
    this.#limits = limits;
  }

  /** Lets a token in, with all scopes or some. */
  add(token: string, scopes: 'all' | readonly string[] = 'all'): void {
    const quota = this.#limits === 'off' ? undefined : new Quota(this.#clock, this.#limits);
    this.#known.set(token, { scopes, quota });
  }

  /** Shuts a token out. */
  remove(token: string): void {
    this.#known.delete(token);
  }

  /** Whether the request has a token that is known. */
  isKnown(request: SimRequest): boolean {
    return this.#of(request) !== undefined;
  }

  /** The quota of the request's token. */
  quotaOf(request: SimRequest): Quota | undefined {
    return this.#of(request)?.quota;
  }

  /** Whether the request's token has the scope. */
  hasScope(request: SimRequest, scope: string): boolean {
    const scopes = this.#of(request)?.scopes;
    return scopes === 'all' || (scopes?.includes(scope) ?? false);
  }

  #of({ headers }: SimRequest): KnownToken | undefined {
    const match = /^Bearer (.+)$/i.exec(headers['authorization'] ?? '');
    return this.#known.get(match?.[1] ?? '');
  }
}
