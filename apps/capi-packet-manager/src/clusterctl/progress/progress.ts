// How a command shows what it does: phases with lines of what is waited for. With a terminal they are drawn by listr2, without one they are
// plain lines that a log keeps.
import { Listr } from 'listr2';

/** Shows phases. */
export interface Progress {
  /** Runs the work as a phase; `say` shows what it is at. */
  phase<T>(title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T>;
  /** A phase that need not run. */
  skip(title: string, why: string): void;
  note(text: string): void;
}

/** Lines without colours. */
export class PlainProgress implements Progress {
  readonly #print: (text: string) => void;

  constructor(print: (text: string) => void) {
    this.#print = print;
  }

  async phase<T>(title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T> {
    this.note(`==> ${title}`);
    const value = await work((text) => this.note(`    ${text}`));
    this.note(`    done: ${title}`);
    return value;
  }

  skip(title: string, why: string): void {
    this.note(`==> ${title}: ${why}`);
  }

  note(text: string): void {
    this.#print(`${text}\n`);
  }
}

/** Spinners and check marks. */
export class TerminalProgress implements Progress {
  readonly #print: (text: string) => void;
  readonly #redact: (text: string) => string;

  constructor(print: (text: string) => void, redact: (text: string) => string) {
    this.#print = print;
    this.#redact = redact;
  }

  async phase<T>(title: string, work: (say: (text: string) => void) => Promise<T>): Promise<T> {
    const result: { value?: T } = {};
    const task = {
      title,
      task: async (_context: unknown, shown: { output: string }): Promise<void> => {
        result.value = await work((text) => (shown.output = this.#redact(text)));
      },
    };
    // Ctrl-C is ours: the phase ends in order and the journal says where.
    await new Listr([task], { exitOnError: true, registerSignalListeners: false }).run();
    return result.value as T;
  }

  skip(title: string, why: string): void {
    this.note(`✔ ${title}: ${why}`);
  }

  note(text: string): void {
    this.#print(`${text}\n`);
  }
}
