// The life of a program: signals, the last line on stderr, the exit code. Every main.ts is one call of runProcess.
import type { Logger } from '@longshore/reconciler-core';
import { messageOf } from '@longshore/reconciler-core';
import { exitCodes } from './exit-codes.ts';
import { SecretRedactor } from './secrets.ts';
import { writeStderr, writeStdout } from './standard-streams.ts';
import { UsageError } from './usage-error.ts';

/** What a main function gets instead of the global `process`. */
export interface ProcessContext {
  /** The command line without the program's own name. */
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  /** Aborts at SIGTERM or SIGINT. */
  readonly signal: AbortSignal;
  /** Register secrets here as soon as they are read; pass it to createLogger too. */
  readonly secrets: SecretRedactor;
  /** Prints to standard output; a reader that went away is no error. */
  readonly print: (text: string) => void;
  /** From now on the last words go through this logger (with the stack at -v=4); without one they go to stderr as one line. */
  readonly useLogger: (log: Logger) => void;
}

/** The main function: its number is the exit code (none: 0). */
export type Main = (context: ProcessContext) => Promise<number | void>;

/** What runProcess needs of the operating system; tests give their own. */
export interface ProcessHost {
  readonly argv: readonly string[];
  readonly env: Readonly<Record<string, string | undefined>>;
  on(event: string, listener: (value: unknown) => void): void;
  exit(code: number): void;
  writeStdout(text: string): void;
  writeStderr(text: string): void;
  after(delayMs: number, callback: () => void): void;
}

/** Settings of runProcess. */
export interface RunProcessOptions {
  /** Starts the last line on stderr: `do-ccm: …`. */
  readonly program: string;
  /** After SIGTERM: 10 s to drain (Manager), and what releasing the lease and flushing events takes. Then exit 1. */
  readonly graceMs?: number;
  readonly host?: ProcessHost;
}

const GRACE_MS = 15_000;

/** Runs `main` and ends the process with its exit code. Never returns. */
export function runProcess(main: Main, options: RunProcessOptions): Promise<never> {
  const life = new ProcessLife(options);
  life.start(main);
  return new Promise<never>(() => {});
}

class ProcessLife {
  readonly #host: ProcessHost;
  readonly #program: string;
  readonly #graceMs: number;
  readonly #stop = new AbortController();
  readonly #secrets = new SecretRedactor();
  #log: Logger | undefined;
  #hasEnded = false;

  constructor({ program, graceMs = GRACE_MS, host = nodeHost() }: RunProcessOptions) {
    this.#host = host;
    this.#program = program;
    this.#graceMs = graceMs;
  }

  start(main: Main): void {
    for (const name of ['SIGTERM', 'SIGINT']) this.#host.on(name, () => this.#signalled(name));
    this.#host.on('uncaughtException', (error) => this.#fail(error, 'uncaught exception'));
    this.#host.on('unhandledRejection', (error) => this.#fail(error, 'unhandled rejection'));
    this.#run(main).then(
      (code) => this.#end(code ?? exitCodes.success),
      (error: unknown) => this.#fail(error),
    );
  }

  async #run(main: Main): Promise<number | void> {
    return main({
      argv: this.#host.argv,
      env: this.#host.env,
      signal: this.#stop.signal,
      secrets: this.#secrets,
      print: (text) => this.#host.writeStdout(text),
      useLogger: (log) => (this.#log = log),
    });
  }

  /** The first signal asks, the second one insists. */
  #signalled(name: string): void {
    if (this.#stop.signal.aborted) return this.#end(exitCodes.failure);
    this.#log?.info('stopping', { signal: name });
    this.#stop.abort(new Error(`stopped by ${name}`));
    this.#host.after(this.#graceMs, () => this.#lastWords(`did not stop within ${this.#graceMs / 1_000} s of ${name}`));
  }

  #lastWords(message: string): void {
    if (this.#hasEnded) return;
    if (this.#log) this.#log.error(message);
    else this.#host.writeStderr(`${this.#program}: ${this.#secrets.redact(message)}\n`);
    this.#end(exitCodes.failure);
  }

  #fail(error: unknown, origin?: string): void {
    if (this.#hasEnded) return;
    // What is thrown because the signal aborted is no failure.
    if (this.#stop.signal.aborted && (error === this.#stop.signal.reason || isAbort(error)))
      return this.#end(exitCodes.success);
    for (const line of linesOf(error)) this.#report(origin === undefined ? line : `${origin}: ${line}`, error);
    this.#end(exitCodes.failure);
  }

  #report(line: string, error: unknown): void {
    const stack = error instanceof Error ? error.stack : undefined;
    if (!this.#log) this.#host.writeStderr(`${this.#program}: ${this.#secrets.redact(line)}\n`);
    else if (this.#log.isVerbose(4) && stack !== undefined) this.#log.error(line, { stack });
    else this.#log.error(line);
  }

  #end(code: number): void {
    if (this.#hasEnded) return;
    this.#hasEnded = true;
    this.#host.exit(code);
  }
}

function linesOf(error: unknown): readonly string[] {
  if (error instanceof UsageError) return error.problems;
  return [messageOf(error).replaceAll(/\s*\n\s*/g, ' ')];
}

function isAbort(error: unknown): boolean {
  return error instanceof Error && error.name === 'AbortError';
}

function nodeHost(): ProcessHost {
  // `program --help | head -1`: the reader closes the pipe; nobody is left to tell.
  process.stdout.on('error', () => process.exit(exitCodes.success));
  return {
    argv: process.argv.slice(2),
    env: process.env,
    on: (event, listener) => void process.on(event, listener),
    exit: (code) => process.exit(code),
    writeStdout,
    writeStderr,
    after: (delayMs, callback) => void setTimeout(callback, delayMs).unref(),
  };
}
