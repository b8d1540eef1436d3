// Bytes of one connection to HTTP/1.1 answers, by the rules of RFC 9112. Pure: the connection feeds it and tells it when the other side
// closed. Own code because the parser of node:http comes with its streams only, which cost more than all else of a call (decision 0022).

/** Where what was parsed goes; `onEnd` is the last call for an answer. */
export interface AnswerReceiver {
  onHead(head: AnswerHead): void;
  /** A part of the body; never empty. */
  onBody(chunk: Buffer): void;
  onEnd(): void;
}

/** What an answer begins with. */
export interface AnswerHead {
  readonly status: number;
  /** By name in lower case; several lines of a name are joined by a comma. */
  readonly headers: ReadonlyMap<string, string>;
}

/** What came is no HTTP/1.1. Its `code` begins like those of node:http's parser. */
export class AnswerFormatError extends Error {
  readonly code: string;

  constructor(code: `HPE_${string}`, message: string) {
    super(message);
    this.code = code;
  }
}

type State = 'head' | 'counted' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailer' | 'until-close' | 'complete';

const HEAD_END = Buffer.from('\r\n\r\n');
const LINE_END = Buffer.from('\r\n');
const LONGEST_HEAD = 64 * 1024;
const LONGEST_LINE = 8 * 1024;
const PROTOCOL = 'HTTP/1.';
const STATUS_LINE = /^HTTP\/1\.([01]) (\d{3})(?: |$)/;
const CHUNK_SIZE = /^([0-9a-f]{1,12})[ \t]*(?:;|$)/i;

/** One answer after the other; `expect` announces the next. */
export class AnswerParser {
  #receiver: AnswerReceiver | undefined;
  #method = '';
  #state: State = 'complete';
  /** Bytes of a head or line whose end has not come. */
  #pending: Buffer | undefined;
  /** Of the counted body or of the chunk. */
  #bytesLeft = 0;
  #isKept = true;

  /** The next answer is one to a request with this method. */
  expect(method: string, receiver: AnswerReceiver): void {
    this.#receiver = receiver;
    this.#method = method;
    this.#state = 'head';
  }

  /** Whether the connection can carry another request after the last answer. */
  get isKept(): boolean {
    return this.#isKept;
  }

  /** Throws AnswerFormatError; then nothing on this connection means anything any more. */
  push(bytes: Buffer): void {
    if (this.#state === 'complete') throw new AnswerFormatError('HPE_UNEXPECTED', 'bytes came that answer nothing');
    let rest = this.#pending ? Buffer.concat([this.#pending, bytes]) : bytes;
    this.#pending = undefined;
    while (rest.length > 0 && !this.#isComplete) {
      const taken = this.#take(rest);
      if (taken === 0) {
        this.#pending = rest;
        return;
      }
      rest = taken === rest.length ? NOTHING : rest.subarray(taken);
    }
    if (!this.#isComplete) return;
    // What follows the answer must never be taken for the answer to the next request.
    if (rest.length > 0) this.#isKept = false;
    this.#end();
  }

  /** The other side closed: true when the answer is complete by that. */
  close(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#end();
    return true;
  }

  /** Bytes used; 0 when more are needed. */
  #take(bytes: Buffer): number {
    switch (this.#state) {
      case 'head':
        return this.#takeHead(bytes);
      case 'counted':
      case 'chunk':
        return this.#takeCounted(bytes);
      case 'until-close':
        this.#receiver?.onBody(bytes);
        return bytes.length;
      default:
        return this.#takeLine(bytes);
    }
  }

  #takeHead(bytes: Buffer): number {
    const end = bytes.indexOf(HEAD_END);
    if (end < 0) {
      if (bytes.length > LONGEST_HEAD) throw new AnswerFormatError('HPE_HEADER_OVERFLOW', 'the header does not end');
      // Whoever speaks something else may never send the end of a head.
      if (!PROTOCOL.startsWith(bytes.toString('latin1', 0, PROTOCOL.length))) throw noHttp();
      return 0;
    }
    const [first = '', ...lines] = bytes.toString('latin1', 0, end).split('\r\n');
    const { status, minor } = toStatus(first);
    // 100 Continue and the like announce the answer; nobody here asks to change the protocol.
    if (status === 101) throw new AnswerFormatError('HPE_INVALID_STATUS', 'the answer changes the protocol');
    if (status >= 200) this.#begin({ status, headers: toHeaders(lines) }, minor);
    return end + HEAD_END.length;
  }

  #begin(head: AnswerHead, minor: string): void {
    const framing = framingOf(head, this.#method);
    this.#isKept = framing.state !== 'until-close' && !framing.isAmbiguous && isKept(head, minor);
    this.#bytesLeft = framing.length;
    this.#receiver?.onHead(head);
    this.#go(framing.state);
  }

  #takeCounted(bytes: Buffer): number {
    const count = Math.min(bytes.length, this.#bytesLeft);
    this.#receiver?.onBody(count === bytes.length ? bytes : bytes.subarray(0, count));
    this.#bytesLeft -= count;
    if (this.#bytesLeft === 0) {
      if (this.#state === 'counted') this.#go('complete');
      else this.#go('chunk-end');
    }
    return count;
  }

  #takeLine(bytes: Buffer): number {
    const end = bytes.indexOf(LINE_END);
    if (end < 0) {
      if (bytes.length > LONGEST_LINE) throw new AnswerFormatError('HPE_INVALID_CHUNK', 'a line does not end');
      return 0;
    }
    this.#onLine(bytes.toString('latin1', 0, end));
    return end + LINE_END.length;
  }

  #onLine(line: string): void {
    if (this.#state === 'trailer') {
      if (line === '') this.#go('complete');
      return;
    }
    if (this.#state === 'chunk-end') {
      if (line !== '') throw new AnswerFormatError('HPE_INVALID_CHUNK', 'a chunk is longer than announced');
      return this.#go('chunk-size');
    }
    const [, digits] = CHUNK_SIZE.exec(line) ?? [];
    if (digits === undefined) throw new AnswerFormatError('HPE_INVALID_CHUNK', 'the size of a chunk is no number');
    this.#bytesLeft = Number.parseInt(digits, 16);
    this.#go(this.#bytesLeft === 0 ? 'trailer' : 'chunk');
  }

  #go(state: State): void {
    this.#state = state;
  }

  #end(): void {
    const receiver = this.#receiver;
    this.#receiver = undefined;
    this.#state = 'complete';
    receiver?.onEnd();
  }

  get #isComplete(): boolean {
    return this.#state === 'complete';
  }
}

const NOTHING = Buffer.alloc(0);

function toStatus(line: string): { readonly status: number; readonly minor: string } {
  const [, minor, digits] = STATUS_LINE.exec(line) ?? [];
  if (minor === undefined) throw noHttp();
  return { status: Number(digits), minor };
}

interface Framing {
  readonly state: State;
  /** Of a counted body. */
  readonly length: number;
  /** Two readers of the same bytes could differ in where the answer ends. */
  readonly isAmbiguous: boolean;
}

/** How the body is delimited: RFC 9112, 6.3. */
function framingOf({ status, headers }: AnswerHead, method: string): Framing {
  const encoding = headers.get('transfer-encoding')?.toLowerCase();
  const length = headers.get('content-length');
  const framing = { state: 'complete', length: 0, isAmbiguous: false } as const;
  if (method === 'HEAD' || status === 204 || status === 304) return framing;
  if (encoding !== undefined) {
    const state = /(^|[, \t])chunked$/.test(encoding) ? 'chunk-size' : 'until-close';
    return { ...framing, state, isAmbiguous: length !== undefined };
  }
  if (length === undefined) return { ...framing, state: 'until-close' };
  const bytes = toLength(length);
  return { ...framing, state: bytes === 0 ? 'complete' : 'counted', length: bytes };
}

function isKept({ headers }: AnswerHead, minor: string): boolean {
  const connection = headers.get('connection')?.toLowerCase() ?? '';
  return minor === '1' ? !/\bclose\b/.test(connection) : /\bkeep-alive\b/.test(connection);
}

function noHttp(): AnswerFormatError {
  return new AnswerFormatError('HPE_INVALID_CONSTANT', 'the answer is not HTTP/1.1');
}

function toHeaders(lines: readonly string[]): Map<string, string> {
  const headers = new Map<string, string>();
  for (const line of lines) {
    const colon = line.indexOf(':');
    // A line that continues the one before has no name of its own; such lines are long forbidden and carry nothing that is looked at.
    if (colon <= 0) continue;
    const name = line.slice(0, colon).toLowerCase();
    const value = line.slice(colon + 1).trim();
    const before = headers.get(name);
    headers.set(name, before === undefined ? value : `${before}, ${value}`);
  }
  return headers;
}

function toLength(value: string): number {
  const [first = '', ...others] = value.split(',').map((part) => part.trim());
  if (/^\d{1,15}$/.test(first) && others.every((other) => other === first)) return Number(first);
  throw new AnswerFormatError('HPE_INVALID_CONTENT_LENGTH', 'the length of the answer is no number');
}
