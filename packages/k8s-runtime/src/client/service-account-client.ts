// A controller that acts as its own service account (--use-service-account-credentials): a token for one hour from the TokenRequest API,
// renewed at 80 % of its life. The account is created if it is missing. Used by `connect` for clients with such a name.
import { retryWhile, OperatorError, SingleFlight, messageOf, backoff } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import type { Credentials, Identity, TlsMaterial } from './credentials.ts';
import { KubeApiError } from './kube-api-error.ts';
import type { KubeClient, RawAnswer } from './kube-client.ts';
import { objectPath } from './resource-path.ts';
import { serviceAccounts } from './resource-type.ts';

/** Whose token, and who may ask for it. */
export interface ServiceAccountOptions {
  /** With the right to create serviceaccounts and serviceaccounts/token. */
  readonly client: KubeClient;
  readonly account: { readonly namespace: string; readonly name: string };
  /** For the CA; its client certificate is not used, or the server would see that identity. */
  readonly base: Credentials;
  readonly clock: Clock;
  readonly log: Logger;
}

interface Token {
  readonly text: string;
  readonly renewAtMs: number;
  readonly endsAtMs: number;
}

const LIFE_SECONDS = 3600;
const RENEW_AT = 0.8;
const TRIES = 4;
const FIRST_PAUSE_MS = 500;

/** Identity of a service account, by bound tokens. */
export class ServiceAccountCredentials implements Credentials {
  readonly #options: ServiceAccountOptions;
  readonly #flight = new SingleFlight<'token', boolean>();
  #token: Token | undefined;
  #base: TlsMaterial | undefined;
  #tls: TlsMaterial = {};
  #identity: Identity | undefined;

  constructor(options: ServiceAccountOptions) {
    this.#options = options;
  }

  current(): Identity | Promise<Identity> {
    const base = this.#options.base.current();
    return base instanceof Promise ? base.then((identity) => this.#over(identity)) : this.#over(base);
  }

  renew(): Promise<boolean> {
    return this.#flight.run('token', () => this.#fetch());
  }

  #over(base: Identity): Identity | Promise<Identity> {
    this.#adoptTls(base.tls);
    const nowMs = this.#options.clock.monotonicMs();
    const token = this.#token;
    if (!token || nowMs >= token.endsAtMs) return this.renew().then(() => this.#known());
    if (nowMs >= token.renewAtMs) {
      const { log, account } = this.#options;
      this.renew().catch((error: unknown) =>
        log.warn('token of service account cannot be renewed yet', { ...account, error }),
      );
    }
    return this.#known();
  }

  #adoptTls(base: TlsMaterial): void {
    if (this.#base === base) return;
    this.#base = base;
    this.#tls = { ca: base.ca, serverName: base.serverName, isInsecure: base.isInsecure };
    this.#identity = undefined;
  }

  #known(): Identity {
    this.#identity ??= { headers: { authorization: `Bearer ${this.#token?.text ?? ''}` }, tls: this.#tls };
    return this.#identity;
  }

  async #fetch(): Promise<boolean> {
    const { account, clock } = this.#options;
    try {
      this.#token = await retryWhile(
        { steps: TRIES, pauseMs: FIRST_PAUSE_MS, factor: 2, clock, isRetryable: () => true },
        () => this.#request(),
      );
    } catch (error) {
      const name = `${account.namespace}/${account.name}`;
      const remedy =
        'grant create on serviceaccounts and serviceaccounts/token, or drop --use-service-account-credentials';
      const message = `no token for service account ${name}: ${messageOf(error)}; ${remedy}`;
      throw new OperatorError('KUBE_CREDENTIALS_FAILED', message, backoff, { cause: error });
    }
    this.#identity = undefined;
    return true;
  }

  async #request(): Promise<Token> {
    const { clock } = this.#options;
    const startMs = clock.monotonicMs();
    let answer = await this.#ask();
    if (answer.status === 404) {
      await this.#createAccount();
      answer = await this.#ask();
    }
    const parsed = answer.status === 201 ? parseToken(answer.body) : undefined;
    if (!parsed) throw new Error(`the API server answered ${answer.status} to TokenRequest`);
    const lifeMs = lifeMsOf(parsed.expirationTimestamp, clock.nowMs());
    return { text: parsed.token, renewAtMs: startMs + lifeMs * RENEW_AT, endsAtMs: startMs + lifeMs };
  }

  #ask(): Promise<RawAnswer> {
    const { client, account } = this.#options;
    const spec = { expirationSeconds: LIFE_SECONDS };
    const body = { apiVersion: 'authentication.k8s.io/v1', kind: 'TokenRequest', spec };
    return client.raw({ method: 'POST', path: objectPath(serviceAccounts, account, 'token'), body });
  }

  async #createAccount(): Promise<void> {
    const { client, account } = this.#options;
    try {
      await client.create(serviceAccounts, { metadata: account });
    } catch (error) {
      // Somebody else was faster.
      if (!(error instanceof KubeApiError && error.reason === 'AlreadyExists')) throw error;
    }
  }
}

function parseToken(body: string): { readonly token: string; readonly expirationTimestamp: string } | undefined {
  const { status } = JSON.parse(body) as { status?: { token?: unknown; expirationTimestamp?: unknown } };
  const { token, expirationTimestamp } = status ?? {};
  if (typeof token !== 'string' || token === '') return undefined;
  return { token, expirationTimestamp: String(expirationTimestamp) };
}

// Servers may grant less (or much more) than asked for. A clock that is off must not make a token look ended.
function lifeMsOf(expirationTimestamp: string, nowMs: number): number {
  const askedMs = LIFE_SECONDS * 1000;
  const grantedMs = Date.parse(expirationTimestamp) - nowMs;
  return grantedMs > 60_000 && grantedMs < askedMs ? grantedMs : askedMs;
}
