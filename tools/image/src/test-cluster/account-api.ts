// The few calls of the cloudscale.ch API that make and remove the machines of a test cluster.
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';

/** Where the account is. */
export interface Account {
  readonly token: string;
  readonly apiUrl: string;
}

/** What is read of a server. */
export interface AccountServer {
  readonly uuid: string;
  readonly name: string;
  readonly status: string;
  readonly interfaces: readonly {
    readonly type: string;
    readonly addresses: readonly { readonly version: number; readonly address: string }[];
  }[];
}

/** Something with a name that can be deleted. */
export interface AccountObject {
  readonly uuid: string;
  readonly name: string;
}

const TIMEOUT_MS = 60_000;

/** A client for one account. */
export class AccountApi {
  readonly #account: Account;

  constructor(account: Account) {
    this.#account = account;
  }

  /** The objects of a kind that have all these tags. */
  async list<T = AccountObject>(kind: string, tags: Readonly<Record<string, string>>): Promise<readonly T[]> {
    const filters = Object.entries(tags).map(([key, value]) => `${encodeURIComponent(`tag:${key}`)}=${value}`);
    return (await this.#call('GET', `${kind}?${filters.join('&')}`)) as readonly T[];
  }

  /** One object. */
  async get<T>(kind: string, uuid: string): Promise<T> {
    return (await this.#call('GET', `${kind}/${uuid}`)) as T;
  }

  /** Makes an object. */
  async create<T = AccountObject>(kind: string, body: object): Promise<T> {
    return (await this.#call('POST', kind, body)) as T;
  }

  /** Deletes an object; one that is gone already is as good. */
  async remove(kind: string, uuid: string): Promise<void> {
    await this.#call('DELETE', `${kind}/${uuid}`);
  }

  async #call(method: string, path: string, body?: object): Promise<unknown> {
    const what = `${method} /v1/${path.replace(/\?.*/, '')}`;
    const response = await this.#send(method, path, body).catch((error: unknown) => {
      throw refused(what, messageOf(error));
    });
    const text = await response.text();
    if (method === 'DELETE' && response.status === 404) return undefined;
    if (!response.ok) throw refused(what, `${response.status} ${text.slice(0, 300)}`);
    return text ? JSON.parse(text) : undefined;
  }

  #send(method: string, path: string, body?: object): Promise<Response> {
    const { apiUrl, token } = this.#account;
    const headers = { authorization: `Bearer ${token}`, 'content-type': 'application/json' };
    const signal = AbortSignal.timeout(TIMEOUT_MS);
    return fetch(`${apiUrl}/v1/${path}`, { method, headers, signal, ...(body ? { body: JSON.stringify(body) } : {}) });
  }
}

function refused(what: string, reason: string): OperatorError {
  return new OperatorError('TEST_CLUSTER_API_REFUSED', `the cloudscale.ch API refused ${what}: ${reason}`, never);
}
