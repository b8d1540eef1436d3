// The body of an answer that is read while it comes (watches). A slow reader slows the server down: the connection is paused meanwhile.
import { Readable } from 'node:stream';
import type { AnswerHead } from './answer-parser.ts';
import type { Connection } from './connection.ts';

/** An answer whose header is there; destroying it closes the connection. */
export class AnswerStream extends Readable {
  readonly status: number;
  readonly retryAfter: string | undefined;
  readonly #connection: Connection;
  #isComplete = false;

  constructor({ status, headers }: AnswerHead, connection: Connection) {
    super();
    this.status = status;
    this.retryAfter = headers.get('retry-after');
    this.#connection = connection;
    // Who has not begun to read, or went away, learns of a break when it reads: without a listener it would end the program.
    this.on('error', () => {});
  }

  /** A part of the body, `null` at its end: from then on the connection is free and may carry another call. */
  receive(chunk: Buffer | null): void {
    const wantsMore = this.push(chunk);
    if (chunk === null) {
      this.#isComplete = true;
      this.#connection.resume();
    } else if (!wantsMore) {
      this.#connection.pause();
    }
  }

  override _read(): void {
    if (!this.#isComplete) this.#connection.resume();
  }

  override _destroy(error: Error | null, callback: (error?: Error | null) => void): void {
    if (!this.#isComplete) this.#connection.destroy();
    callback(error);
  }
}
