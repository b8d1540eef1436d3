// Who may call: keys of users, which see all projects, and keys of projects; either may be read-only. Each has its own quota.
import type { Clock } from '@longshore/reconciler-core';
import type { SimRequest } from '../exchange.ts';
import { Quota } from '../quota.ts';
import type { QuotaLimits } from '../quota.ts';

/** What a token may do. */
export interface TokenRights {
  /** The only project that it sees. Default: all. */
  readonly projectId?: string;
  /** Refuses everything but reads with 403. */
  readonly isReadOnly?: boolean;
}

interface KnownToken extends TokenRights {
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

  /** Lets a token in. */
  add(token: string, rights: TokenRights = {}): void {
    const quota = this.#limits === 'off' ? undefined : new Quota(this.#clock, this.#limits);
    this.#known.set(token, { ...rights, quota });
  }

  /** All that are let in. */
  get all(): readonly (TokenRights & { readonly token: string })[] {
    return [...this.#known].map(([token, rights]) => ({ ...rights, token }));
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

  /** Whether the request's token may change anything. */
  mayWrite(request: SimRequest): boolean {
    return this.#of(request)?.isReadOnly !== true;
  }

  /** Whether the request's token sees a project; `undefined` is what belongs to the user. */
  maySee(request: SimRequest, projectId: string | undefined): boolean {
    const only = this.#of(request)?.projectId;
    return only === undefined || only === projectId;
  }

  #of({ headers }: SimRequest): KnownToken | undefined {
    return this.#known.get(headers['x-auth-token'] ?? '');
  }
}
