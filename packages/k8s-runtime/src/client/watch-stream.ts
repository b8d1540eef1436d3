// Lines of a watch to events. Splits on Buffers and joins the pieces of a line once: readline costs a third more, `+=` on strings far more.
import type { Readable } from 'node:stream';
import { messageOf } from '@longshore/reconciler-core';
import type { Clock } from '@longshore/reconciler-core';
import type { WatchEvent } from './kube-client.ts';
import { KubeTransportError } from './kube-transport-error.ts';

const NEWLINE = 10;

/** Cuts a stream of bytes into lines. */
export class LineSplitter {
  #pieces: Buffer[] = [];

  /** The lines that end in `chunk`, as text, without their newline; empty lines are left out. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0;
    for (let end = chunk.indexOf(NEWLINE); end >= 0; end = chunk.indexOf(NEWLINE, start)) {
      const line = this.#take(chunk.subarray(start, end));
      if (line !== '') yield line;
      start = end + 1;
    }
    if (start < chunk.length) this.#pieces.push(chunk.subarray(start));
  }

  /** Bytes of a line whose end has not come. */
  get hasPartialLine(): boolean {
    return this.#pieces.length > 0;
  }

  #take(last: Buffer): string {
    if (this.#pieces.length === 0) return last.toString('utf8');
    const line = Buffer.concat([...this.#pieces, last]).toString('utf8');
    this.#pieces = [];
    return line;
  }
}

/** Options of one reading. */
export interface WatchStreamOptions {
  readonly clock: Clock;
  /** For messages: what is watched, where. */
  readonly subject: string;
  readonly inactivityMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Events until the server ends the stream; throws when it breaks, is silent for too long, or is not what it should be. */
export async function* readWatch<T>(stream: Readable, options: WatchStreamOptions): AsyncGenerator<WatchEvent<T>> {
  const lines = new LineSplitter();
  const guard = new InactivityGuard(stream, options);
  try {
    for await (const chunk of stream as AsyncIterable<Buffer>) {
      guard.touch();
      for (const line of lines.push(chunk)) {
        yield parseEvent<T>(line, options.subject);
        // The reader may have been busy with this event for long; that is not the server's silence.
        guard.touch();
      }
    }
  } catch (error) {
    throw options.signal?.aborted ? (options.signal.reason as Error) : asStreamError(error, options.subject);
  } finally {
    guard.stop();
  }
  options.signal?.throwIfAborted();
  if (lines.hasPartialLine) {
    throw new KubeTransportError('KUBE_API_GARBLED', `watch of ${options.subject} ended in the middle of a line`);
  }
}

function parseEvent<T>(line: string, subject: string): WatchEvent<T> {
  let event: unknown;
  try {
    event = JSON.parse(line);
  } catch (error) {
    throw new KubeTransportError('KUBE_API_GARBLED', `watch of ${subject} sent a line that is not JSON`, error);
  }
  const { type, object } = (event ?? {}) as { type?: unknown; object?: unknown };
  if (typeof type !== 'string' || typeof object !== 'object' || object === null) {
    throw new KubeTransportError('KUBE_API_GARBLED', `watch of ${subject} sent a line without type and object`);
  }
  return event as WatchEvent<T>;
}

function asStreamError(error: unknown, subject: string): Error {
  if (error instanceof KubeTransportError) return error;
  return new KubeTransportError('KUBE_API_UNREACHABLE', `watch of ${subject} broke: ${messageOf(error)}`, error);
}

// Without it a connection whose other side vanished looks like a quiet one for ever. One timer for the stream, not one per chunk.
class InactivityGuard {
  readonly #clock: Clock;
  readonly #limitMs: number | undefined;
  readonly #stream: Readable;
  readonly #subject: string;
  #lastMs: number;
  #cancel: (() => void) | undefined;

  constructor(stream: Readable, options: WatchStreamOptions) {
    this.#clock = options.clock;
    this.#limitMs = options.inactivityMs;
    this.#stream = stream;
    this.#subject = options.subject;
    this.#lastMs = options.clock.monotonicMs();
    if (this.#limitMs !== undefined) this.#arm(this.#limitMs);
  }

  touch(): void {
    this.#lastMs = this.#clock.monotonicMs();
  }

  stop(): void {
    this.#cancel?.();
    this.#cancel = undefined;
  }

  #arm(delayMs: number): void {
    this.#cancel = this.#clock.after(delayMs, () => this.#look(this.#limitMs ?? 0));
  }

  #look(limitMs: number): void {
    const leftMs = this.#lastMs + limitMs - this.#clock.monotonicMs();
    if (leftMs > 0) return this.#arm(leftMs);
    const message = `watch of ${this.#subject}: nothing came for ${limitMs / 1000} s`;
    this.#stream.destroy(new KubeTransportError('KUBE_API_TIMEOUT', message));
  }
}
