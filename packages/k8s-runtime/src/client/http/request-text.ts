// A request as text, header and body. What could end a header early or begin a second request is refused: tokens come from files.
import type { RequestHeaders } from '../credentials.ts';

/** What is sent. */
export interface RequestParts {
  readonly method: string;
  /** With query string. */
  readonly path: string;
  /** Several values are several lines. */
  readonly headers: RequestHeaders;
  readonly body?: string | undefined;
}

const FORBIDDEN_IN_VALUE = /[\0-\x08\n-\x1f\x7f]/;
const NAME = /^[!#$%&'*+.^_`|~0-9a-z-]+$/i;
const FORBIDDEN_IN_PATH = /[\0-\x20\x7f]/;

/** Writes requests to one server. */
export class RequestWriter {
  readonly #host: string;
  readonly #prefix: string;
  readonly #own: string;

  /** `proxyUrl`: of a proxy that gets the requests themselves, because the server speaks plain HTTP. */
  constructor(server: URL, proxyUrl?: string) {
    const isForwarded = proxyUrl !== undefined && server.protocol === 'http:';
    this.#host = server.host;
    this.#prefix = (isForwarded ? server.origin : '') + server.pathname.replace(/\/$/, '');
    this.#own = isForwarded ? proxyAuthorization(new URL(proxyUrl)) : '';
  }

  /** Throws an error with a `code` as node:http does; no value is in its message. */
  write({ method, path, headers, body }: RequestParts): string {
    const target = this.#prefix + path;
    if (FORBIDDEN_IN_PATH.test(target)) throw refusal('ERR_UNESCAPED_CHARACTERS', 'the path has a character');
    let text = `${method} ${target} HTTP/1.1\r\nhost: ${this.#host}\r\n${this.#own}`;
    for (const [name, value] of Object.entries(headers)) {
      if (!NAME.test(name)) throw refusal('ERR_INVALID_HTTP_TOKEN', 'the name of a header has a character');
      for (const one of typeof value === 'string' ? [value] : value) text += line(name, one);
    }
    // Without it the body of a DELETE would be bytes that belong to nothing, and the preconditions be lost.
    if (body !== undefined) text += `content-length: ${Buffer.byteLength(body)}\r\n`;
    return `${text}\r\n${body ?? ''}`;
  }
}

function line(name: string, value: string): string {
  if (FORBIDDEN_IN_VALUE.test(value)) throw refusal('ERR_INVALID_CHAR', `the header ${name} has a character`);
  return `${name}: ${value}\r\n`;
}

function refusal(code: string, what: string): Error {
  return Object.assign(new Error(`${what} that HTTP forbids`), { code });
}

function proxyAuthorization({ username, password }: URL): string {
  if (username === '') return '';
  const pair = `${decodeURIComponent(username)}:${decodeURIComponent(password)}`;
  return line('proxy-authorization', `Basic ${Buffer.from(pair).toString('base64')}`);
}
