// The metadata service that a droplet reaches on a link-local address: plain text over http, no token, never through a proxy.
import { backoff, OperatorError } from '@longshore/reconciler-core';

/** Where every droplet finds it. */
export const METADATA_URL = 'http://169.254.169.254';

// The answer is a slug or a number.
const LONGEST_ANSWER = 1024;

/** What the machine that runs this program knows of itself. */
export class DropletMetadata {
  readonly #baseUrl: string;
  readonly #timeoutMs: number;

  constructor({
    baseUrl = METADATA_URL,
    timeoutMs = 5_000,
  }: { readonly baseUrl?: string; readonly timeoutMs?: number } = {}) {
    this.#baseUrl = baseUrl.replace(/\/+$/, '');
    this.#timeoutMs = timeoutMs;
  }

  /** Slug of the region that the machine runs in. */
  region(signal: AbortSignal): Promise<string> {
    return this.#read('/metadata/v1/region', signal);
  }

  /** Droplet id of the machine, as text. */
  id(signal: AbortSignal): Promise<string> {
    return this.#read('/metadata/v1/id', signal);
  }

  #read(path: string, signal: AbortSignal): Promise<string> {
    const url = `${this.#baseUrl}${path}`;
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => {
        const message = `droplet metadata: GET ${url}: ${reason} (set the region explicitly when this is no droplet)`;
        reject(new OperatorError('DROPLET_METADATA_UNAVAILABLE', message, backoff));
      };
      const request = process.getBuiltinModule('node:http').get(url, { signal: limited }, (response) => {
        const chunks: Buffer[] = [];
        response.on('error', (error) => fail(error.message));
        response.on('data', (chunk: Buffer) => chunks.push(chunk));
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
          resolve(Buffer.concat(chunks).subarray(0, LONGEST_ANSWER).toString('utf8').trim());
        });
      });
      request.on('error', (error) =>
        fail(limited.aborted && !signal.aborted ? `no answer in ${this.#timeoutMs} ms` : error.message),
      );
    });
  }
}
