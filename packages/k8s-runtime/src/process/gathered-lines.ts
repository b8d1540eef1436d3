// Log lines of a short while in one write: a system call per line costs more than making the line, and wakes whoever collects the log.
// What must not be lost (errors, the end of the process) is written at once, with everything before it.
import { writeStderr } from './standard-streams.ts';

/** When gathered lines are written, and how. */
export interface GatheredLinesOptions {
  readonly write?: (text: string) => void;
  /** Calls back soon; 20 ms later when absent, which nobody who follows a log notices. */
  readonly soon?: (flush: () => void) => void;
}

// Lines of a busy moment are held for this long, or until there are this many characters of them.
const HELD_MS = 20;
const HELD_CHARACTERS = 32_768;

/** Lines on their way to standard error. */
export class GatheredLines {
  readonly #write: (text: string) => void;
  readonly #soon: (flush: () => void) => void;
  #text = '';

  constructor({ write = writeStderr, soon = later }: GatheredLinesOptions = {}) {
    this.#write = write;
    this.#soon = soon;
    process.once('exit', () => this.flush());
  }

  /** Written 20 ms later at the latest. */
  add(text: string): void {
    if (this.#text === '') this.#soon(() => this.flush());
    this.#text += text;
    if (this.#text.length > HELD_CHARACTERS) this.flush();
  }

  /** Writes everything that was added. */
  flush(): void {
    if (this.#text === '') return;
    const text = this.#text;
    this.#text = '';
    this.#write(text);
  }
}

// Does not keep the process alive: its end flushes.
function later(flush: () => void): void {
  setTimeout(flush, HELD_MS).unref();
}
