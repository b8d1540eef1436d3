// Log lines of one turn of the event loop in one write: a system call per line costs more than making the line. What must not be lost
// (errors, the end of the process) is written at once, with everything before it.
import { writeStderr } from './standard-streams.ts';

/** Lines on their way to standard error. */
export class GatheredLines {
  readonly #write: (text: string) => void;
  #lines: string[] = [];

  constructor(write: (text: string) => void = writeStderr) {
    this.#write = write;
    process.once('exit', () => this.flush());
  }

  /** Written at the end of this turn at the latest. */
  add(text: string): void {
    if (this.#lines.length === 0) setImmediate(() => this.flush());
    this.#lines.push(text);
  }

  /** Writes everything that was added. */
  flush(): void {
    if (this.#lines.length === 0) return;
    const text = this.#lines.join('');
    this.#lines = [];
    this.#write(text);
  }
}
