// The metadata service: what the machine that runs this program knows of itself. No token, never through a proxy: the service knows
// the machine by the address that the question comes from.
import { backoff, OperatorError } from '@longshore/reconciler-core';
import { parseDeviceMetadata } from './device-metadata.ts';
import type { DeviceMetadata } from './device-metadata.ts';
import { endOfServiceNotice, METADATA_URL } from './service-end.ts';

/** Options of a MetadataService. */
export interface MetadataServiceOptions {
  /** May have a path prefix. Default: that of the public service, which has ended. */
  readonly baseUrl?: string | undefined;
  readonly timeoutMs?: number;
}

// User data can be large; everything else is small.
const LONGEST_ANSWER = 4 * 1024 * 1024;

/** Questions to the metadata service. */
export class MetadataService {
  readonly baseUrl: string;
  readonly #timeoutMs: number;

  constructor({ baseUrl = METADATA_URL, timeoutMs = 5_000 }: MetadataServiceOptions = {}) {
    this.baseUrl = baseUrl.replace(/\/+$/, '');
    this.#timeoutMs = timeoutMs;
  }

  /** Everything about the machine. */
  async read(signal: AbortSignal): Promise<DeviceMetadata> {
    const text = await this.#get('/metadata', signal);
    try {
      return parseDeviceMetadata(JSON.parse(text));
    } catch (error) {
      const reason = error instanceof SyntaxError ? 'the answer is not JSON' : String((error as Error).message);
      throw this.#failure('/metadata', reason);
    }
  }

  /** Code of the facility, in the way of the oldest clients: one line of text. */
  facility(signal: AbortSignal): Promise<string> {
    return this.#get('/2009-04-04/meta-data/facility', signal).then((text) => text.trim());
  }

  /** The user data as they were given; empty where there are none. */
  userdata(signal: AbortSignal): Promise<string> {
    return this.#get('/userdata', signal);
  }

  #failure(path: string, reason: string): OperatorError {
    const notice = endOfServiceNotice(this.baseUrl, 'metadata');
    const remedy = notice ?? 'it answers only on a Packet device: set what is missing explicitly elsewhere';
    const message = `metadata service: GET ${this.baseUrl}${path}: ${reason} (${remedy})`;
    return new OperatorError('PACKET_METADATA_UNAVAILABLE', message, backoff);
  }

  #get(path: string, signal: AbortSignal): Promise<string> {
    const url = URL.parse(`${this.baseUrl}${path}`);
    if (url === null || !/^https?:$/.test(url.protocol)) {
      return Promise.reject(this.#failure(path, 'the address is none: write https://host or http://host/path'));
    }
    const limited = AbortSignal.any([signal, AbortSignal.timeout(this.#timeoutMs)]);
    const { get } = process.getBuiltinModule(url.protocol === 'https:' ? 'node:https' : 'node:http');
    return new Promise((resolve, reject) => {
      const fail = (reason: string): void => reject(this.#failure(path, reason));
      const request = get(url, { signal: limited, headers: { Accept: 'application/json, text/plain' } }, (response) => {
        const chunks: Buffer[] = [];
        let size = 0;
        response.on('error', (error) => fail(error.message));
        response.on('data', (chunk: Buffer) => {
          size += chunk.length;
          if (size > LONGEST_ANSWER) request.destroy(new Error(`the answer is longer than ${LONGEST_ANSWER} bytes`));
          chunks.push(chunk);
        });
        response.on('end', () => {
          if (response.statusCode !== 200) return fail(`status ${response.statusCode}`);
          resolve(Buffer.concat(chunks).toString('utf8'));
        });
      });
      request.on('error', (error) => {
        if (signal.aborted) return reject(signal.reason as Error);
        fail(limited.aborted ? `no answer in ${this.#timeoutMs} ms` : error.message);
      });
    });
  }
}
