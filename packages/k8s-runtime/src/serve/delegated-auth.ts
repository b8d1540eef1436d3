// Delegated authentication and authorization of the secure port: trust from flags or the cluster, tokens by TokenReview, permissions by
// SubjectAccessReview, answers remembered for a while. The decisions are in auth-plan.ts.
import { readFileSync } from 'node:fs';
import type { Clock, Logger, Runnable } from '@longshore/reconciler-core';
import { backoff, dispositionOf, messageOf, never, OperatorError, retryWhile, sleep } from '@longshore/reconciler-core';
import { KubeApiError } from '../client/kube-api-error.ts';
import type { KubeClient } from '../client/kube-client.ts';
import { configMaps } from '../client/resource-type.ts';
import type { KubeConfigMap } from '../client/resource-type.ts';
import type { FlagValues } from '../process/flags.ts';
import type { authenticationFlags, authorizationFlags } from './auth-flags.ts';
import {
  anonymous,
  cacheKeyOf,
  isAccessAllowed,
  planAuthorization,
  planIdentity,
  toAccessReview,
  userFromTokenReview,
} from './auth-plan.ts';
import type { UserInfo } from './auth-plan.ts';
import { authenticationConfigMap, toTrust } from './authentication-config.ts';
import type { Trust } from './authentication-config.ts';
import { statusAnswer } from './page.ts';
import type { Guard, PageAnswer, PageRequest } from './page.ts';
import { TtlCache } from './ttl-cache.ts';

/** Flags of both tables. */
export type AuthFlagValues = FlagValues<typeof authenticationFlags> & FlagValues<typeof authorizationFlags>;

/** What delegation needs. Without a client tokens are refused, and only the always-allowed paths (and system:masters) pass. */
export interface DelegatedAuthOptions {
  readonly flags: AuthFlagValues;
  readonly authenticationClient: KubeClient | undefined;
  readonly authorizationClient: KubeClient | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  readonly random?: (() => number) | undefined;
}

const CALL_TIMEOUT_MS = 10_000;
const LOOKUP_TRIES = 10;
const LOOKUP_PAUSE_MS = 1_000;
const REFRESH_MS = 300_000;
const unauthorized = statusAnswer(401, 'Unauthorized', 'Unauthorized');

/** Guards pages; run it to read the cluster's trust and to keep it fresh. */
export class DelegatedAuth implements Runnable {
  readonly name = 'delegated-auth';
  readonly #options: DelegatedAuthOptions;
  readonly #tokens: TtlCache<UserInfo | undefined>;
  readonly #accesses: TtlCache<boolean>;
  readonly #listeners: (() => void)[] = [];
  #published: KubeConfigMap | undefined;
  #trust: Trust;

  constructor(options: DelegatedAuthOptions) {
    this.#options = options;
    this.#tokens = new TtlCache(options.clock);
    this.#accesses = new TtlCache(options.clock);
    this.#trust = this.#readTrust();
  }

  /** CA certificates (PEM) for the TLS server to verify client certificates with. */
  get clientCas(): readonly string[] {
    return this.#trust.cas;
  }

  /** `listener` runs when other CAs are trusted than before. */
  onNewCas(listener: () => void): void {
    this.#listeners.push(listener);
  }

  /** The guard for PageServer. */
  readonly guard: Guard = async (request) => {
    const user = await this.#authenticate(request);
    return user ? this.#authorize(user, request) : unauthorized;
  };

  /** Reads the trust that the cluster publishes; rejects when it must be known and cannot be. Then re-reads it and the CA files now and then. */
  async run(signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#options;
    await this.#lookUpFirst(signal);
    while (!signal.aborted) {
      await sleep(clock, REFRESH_MS, signal).catch(() => {});
      if (signal.aborted) return;
      await this.#lookUp(signal).catch((error: unknown) => {
        log.verbose(2, 'authentication configuration not refreshed', { error });
      });
    }
  }

  async #lookUpFirst(signal: AbortSignal): Promise<void> {
    const { clock, log, flags } = this.#options;
    const isRetryable = (error: unknown): boolean => !(error instanceof KubeApiError) || error.status >= 500;
    try {
      await retryWhile({ steps: LOOKUP_TRIES, pauseMs: LOOKUP_PAUSE_MS, clock, signal, isRetryable }, () =>
        this.#lookUp(signal),
      );
    } catch (error) {
      if (signal.aborted) return;
      if (!flags['authentication-tolerate-lookup-failure']) throw lookUpFailed(error);
      log.warn('authentication configuration not found in the cluster, going on without', { error });
    }
  }

  async #lookUp(signal: AbortSignal): Promise<void> {
    const { authenticationClient: client, flags } = this.#options;
    if (client && !flags['authentication-skip-lookup']) {
      this.#published = await client.get(configMaps, authenticationConfigMap, { signal, timeoutMs: CALL_TIMEOUT_MS });
      if (!this.#published) throw new Error('it does not exist');
    }
    const before = this.#trust.cas.join();
    this.#trust = this.#readTrust();
    if (this.#trust.cas.join() !== before) for (const listener of this.#listeners) listener();
  }

  #readTrust(): Trust {
    const { flags } = this.#options;
    const files = {
      client: readBundle('--client-ca-file', flags['client-ca-file']),
      proxy: readBundle('--requestheader-client-ca-file', flags['requestheader-client-ca-file']),
    };
    return toTrust(flags, files, this.#published);
  }

  async #authenticate(request: PageRequest): Promise<UserInfo | undefined> {
    const claim = planIdentity(request, this.#trust.config);
    if (claim.kind === 'user') return claim.user;
    if (claim.kind === 'token') return this.#reviewToken(claim.token);
    return claim.kind === 'anonymous' ? anonymous : undefined;
  }

  async #reviewToken(token: string): Promise<UserInfo | undefined> {
    const { authenticationClient: client, flags, log } = this.#options;
    if (!client) return undefined;
    const review = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenReview', spec: { token } };
    const ask = async (): Promise<UserInfo | undefined> =>
      userFromTokenReview(await this.#post(client, '/apis/authentication.k8s.io/v1/tokenreviews', review));
    try {
      return await this.#tokens.get(cacheKeyOf(token), ask, () => flags['authentication-token-webhook-cache-ttl']);
    } catch (error) {
      log.warn('a token could not be reviewed', { error });
      return undefined;
    }
  }

  async #authorize(user: UserInfo, request: PageRequest): Promise<PageAnswer | undefined> {
    const { authorizationClient: client, flags, log } = this.#options;
    if (planAuthorization(user, request, flags['authorization-always-allow-paths']) === 'allowed') return undefined;
    if (!client) return forbidden(user, request);
    const review = toAccessReview(user, request);
    const ask = async (): Promise<boolean> =>
      isAccessAllowed(await this.#post(client, '/apis/authorization.k8s.io/v1/subjectaccessreviews', review));
    const ttlMs = (isAllowed: boolean): number =>
      flags[isAllowed ? 'authorization-webhook-cache-authorized-ttl' : 'authorization-webhook-cache-unauthorized-ttl'];
    try {
      const isAllowed = await this.#accesses.get(cacheKeyOf(JSON.stringify(review)), ask, ttlMs);
      return isAllowed ? undefined : forbidden(user, request);
    } catch (error) {
      log.warn('a permission could not be looked up', { user: user.name, path: request.path, error });
      return statusAnswer(500, 'InternalError', `Internal Server Error: ${JSON.stringify(request.path)}`);
    }
  }

  /** client-go's back-off of delegated calls: 500 ms × 1.5, five tries. */
  async #post(client: KubeClient, path: string, body: object): Promise<unknown> {
    const { clock, random } = this.#options;
    const isRetryable = (error: unknown): boolean => dispositionOf(error).retry !== 'never';
    const retry = { steps: 5, pauseMs: 500, factor: 1.5, jitterFactor: 0.2, clock, random, isRetryable };
    return retryWhile(retry, async () => {
      const answer = await client.raw({ method: 'POST', path, body }, { timeoutMs: CALL_TIMEOUT_MS });
      if (answer.status >= 300) throw reviewRefused(path, answer.status);
      return JSON.parse(answer.body) as unknown;
    });
  }
}

function forbidden(user: UserInfo, { method, path }: PageRequest): PageAnswer {
  const message = `forbidden: User ${JSON.stringify(user.name)} cannot ${method.toLowerCase()} path ${JSON.stringify(path)}`;
  return statusAnswer(403, 'Forbidden', message);
}

/** Overload passes; a missing permission does not. */
function reviewRefused(path: string, status: number): OperatorError {
  const isPassing = status === 429 || status >= 500;
  const message = `POST ${path} was answered with ${status}; this program needs the ClusterRole system:auth-delegator`;
  return new OperatorError('REVIEW_REFUSED', message, isPassing ? backoff : never);
}

function readBundle(flag: string, path: string): string {
  try {
    return path === '' ? '' : readFileSync(path, 'utf8');
  } catch (error) {
    throw new OperatorError('CA_FILE_UNREADABLE', `${flag}: ${path} cannot be read: ${messageOf(error)}`, never);
  }
}

function lookUpFailed(cause: unknown): OperatorError {
  const message = `ConfigMap kube-system/extension-apiserver-authentication cannot be read: ${messageOf(cause)}. Bind the role extension-apiserver-authentication-reader in kube-system to this program's account, or give --authentication-skip-lookup or --authentication-tolerate-lookup-failure`;
  return new OperatorError('AUTHENTICATION_LOOKUP_FAILED', message, never, { cause });
}
