// CloudHttp as this API needs it: its token header, its error bodies, and an explanation where the service has ended.
import { CloudHttp } from '@longshore/cloud-http';
import type { Call, CloudHttpOptions } from '@longshore/cloud-http';
import { classifyPacketBody } from './classify.ts';
import { explainFailure, PACKET_URL } from './service-end.ts';

/** Options of a client: those of CloudHttp, with the cloud's own parts filled in. */
export type PacketHttpOptions = Omit<
  CloudHttpOptions,
  'provider' | 'baseUrl' | 'classifyBody' | 'nextLink' | 'authorize'
> & {
  /** May have a path prefix. Default: the public API, which has ended. */
  readonly baseUrl?: string;
  /** Sent as `X-Consumer-Token`; the Go clients named themselves so. Default: the user agent. */
  readonly consumer?: string;
};

/** One client per API and token. */
export class PacketHttp {
  readonly baseUrl: string;
  readonly #http: CloudHttp;

  constructor({ baseUrl = PACKET_URL, consumer, ...options }: PacketHttpOptions) {
    this.baseUrl = baseUrl;
    const name = consumer ?? options.userAgent;
    this.#http = new CloudHttp({
      ...options,
      baseUrl,
      provider: 'packet',
      classifyBody: classifyPacketBody,
      authorize: (token) => ({ 'X-Auth-Token': token, 'X-Consumer-Token': name }),
    });
  }

  /** Calls that the API still allows, as far as known. */
  get rateLimitRemaining(): number | undefined {
    return this.#http.rateLimitRemaining;
  }

  /** Sends the call; `undefined` only for the API's own 404 and only with `absentOn404`. */
  send<T>(call: Call<T> & { readonly absentOn404: true }, signal: AbortSignal): Promise<T | undefined>;
  send<T>(call: Call<T>, signal: AbortSignal): Promise<T>;
  async send<T>(call: Call<T>, signal: AbortSignal): Promise<T | undefined> {
    try {
      return await this.#http.send(call, signal);
    } catch (error) {
      throw explainFailure(error, this.baseUrl);
    }
  }

  /** Closes all connections; calls under way fail. */
  close(): void {
    this.#http.close();
  }
}
