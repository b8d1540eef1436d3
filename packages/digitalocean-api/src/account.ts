// The account: the cheapest call that proves that address, network and token work.
import { optionalNumber, optionalText, parseObject } from '@longshore/cloud-http';
import type { CloudHttp } from '@longshore/cloud-http';

/** The account that the token belongs to. */
export interface Account {
  readonly uuid: string | undefined;
  readonly status: 'active' | 'warning' | 'locked' | (string & {}) | undefined;
  readonly statusMessage: string | undefined;
  readonly dropletLimit: number | undefined;
}

/** Calls about the account. */
export class Accounts {
  readonly #http: CloudHttp;

  constructor(http: CloudHttp) {
    this.#http = http;
  }

  /** The account of the token. */
  get(signal: AbortSignal): Promise<Account> {
    return this.#http.send({ method: 'GET', path: '/v2/account', name: '/v2/account', parse: parseAnswer }, signal);
  }
}

function parseAnswer(body: unknown): Account {
  const account = parseObject(parseObject(body, 'the answer')['account'], 'account');
  return {
    uuid: optionalText(account, 'uuid'),
    status: optionalText(account, 'status'),
    statusMessage: optionalText(account, 'status_message'),
    dropletLimit: optionalNumber(account, 'droplet_limit'),
  };
}
