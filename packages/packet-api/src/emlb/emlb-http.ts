// CloudHttp as the load balancer service needs it: another host, and an access token that is got for the API key at a third one and
// lasts an hour. One that is refused before its time is got anew, once per call.
import { CloudHttp, optionalNumber, parseObject, requiredText } from '@longshore/cloud-http';
import type { ApiErrorBody, Call, CallEvent } from '@longshore/cloud-http';
import { Snapshot, systemClock } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import { classifyPacketBody } from '../classify.ts';
import type { PacketHttpOptions } from '../packet-http.ts';

/** Where the load balancer service was at the end. */
export const EMLB_URL = 'https://lb.metalctrl.io';
/** Where an API key was exchanged for an access token. */
export const EMLB_TOKEN_URL = 'https://iam.metalctrl.io/api-keys/exchange';

/** Options of a client; `token` gives the API key of Packet. */
export type EmlbHttpOptions = Omit<PacketHttpOptions, 'consumer'> & {
  /** The whole address of the exchange. */
  readonly tokenUrl?: string;
};

interface AccessToken {
  readonly text: string;
  readonly lifeMs: number;
}

// Time for a call that has begun with the token.
const MARGIN_MS = 60_000;
const USUAL_LIFE_S = 3600;

/** One client per API key. */
export class EmlbHttp {
  readonly #http: CloudHttp;
  readonly #exchange: CloudHttp;
  readonly #clock: Clock;
  readonly #token: Snapshot<AccessToken>;

  constructor({ baseUrl = EMLB_URL, tokenUrl = EMLB_TOKEN_URL, onCall, ...options }: EmlbHttpOptions) {
    this.#clock = options.clock ?? systemClock;
    const shared = { ...options, provider: 'packet', classifyBody: classifyEmlbBody };
    this.#exchange = new CloudHttp({ ...shared, ...(onCall ? { onCall } : {}), baseUrl: tokenUrl });
    this.#token = new Snapshot({ clock: this.#clock, load: (signal) => this.#exchange.send(EXCHANGE, signal) });
    const noteRefusal = (event: CallEvent): void => {
      if (event.status === 401) this.#token.invalidate();
      onCall?.(event);
    };
    this.#http = new CloudHttp({ ...shared, baseUrl, token: () => this.#accessToken(), onCall: noteRefusal });
  }

  /** Sends the call; `undefined` only for the service's own 404 and only with `absentOn404`. */
  send<T>(call: Call<T> & { readonly absentOn404: true }, signal: AbortSignal): Promise<T | undefined>;
  send<T>(call: Call<T>, signal: AbortSignal): Promise<T>;
  send<T>(call: Call<T>, signal: AbortSignal): Promise<T | undefined> {
    return this.#http.send(call, signal);
  }

  /** Closes all connections; calls under way fail. */
  close(): void {
    this.#http.close();
    this.#exchange.close();
  }

  async #accessToken(): Promise<string> {
    const known = await this.#token.get({ maxAgeMs: Infinity });
    const leftMs = known.takenAtMs + known.value.lifeMs - this.#clock.monotonicMs();
    if (leftMs > MARGIN_MS) return known.value.text;
    this.#token.invalidate();
    return (await this.#token.get({ maxAgeMs: Infinity })).value.text;
  }
}

// A POST that changes nothing: it may be repeated, and a dry run needs it.
const EXCHANGE: Call<AccessToken> = {
  method: 'POST',
  path: '',
  name: '/api-keys/exchange',
  parse: parseAccessToken,
  idempotent: true,
  changesNothing: true,
};

function parseAccessToken(raw: unknown): AccessToken {
  const answer = parseObject(raw, 'access token');
  const lifeMs = (optionalNumber(answer, 'expires_in') ?? USUAL_LIFE_S) * 1000;
  // Counted from the start of the exchange. A short-lived one is used for half its life rather than never.
  return { text: requiredText(answer, 'access_token'), lifeMs: Math.max(lifeMs, lifeMs / 2 + MARGIN_MS) };
}

/** Error body to facts: as the API's, or `{ message }` as services of its kind write it. */
export function classifyEmlbBody(body: unknown, status: number): ApiErrorBody | undefined {
  const known = classifyPacketBody(body, status);
  if (known !== undefined || typeof body !== 'object' || body === null) return known;
  const { message } = body as { readonly message?: unknown };
  return typeof message === 'string' ? { apiCode: `status-${status}`, message } : undefined;
}
