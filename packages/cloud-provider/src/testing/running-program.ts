// A program as a child process: its output, its metrics, its end. Tests wait for lines and states, never for time. Runs the sources unless
// it is told otherwise, so that a test never meets yesterday's bundle.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { request } from 'node:https';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { waitFor } from '@longshore/reconciler-core/testing';

/** What the process is given. */
export interface ProgramStart {
  /** Its main.ts, or a bundled main.js. */
  readonly file: string;
  readonly flags?: readonly string[] | undefined;
  readonly env?: Readonly<Record<string, string>> | undefined;
  /** Further arguments for node itself. */
  readonly node?: readonly string[] | undefined;
}

/** One process. */
export class RunningProgram {
  readonly name: string;
  output = '';
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | string>;

  constructor(name: string, { file, flags = [], env = {}, node = [] }: ProgramStart) {
    this.name = name;
    const args = ['--conditions=@longshore/source', ...node, file, ...flags];
    this.#child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.setEncoding('utf8').on('data', (text: string) => (this.output += text));
    }
    this.#exit = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** Resolves when the condition holds; a program that ended, or is too slow, fails with its last words. */
  async until(what: string, condition: () => boolean | Promise<boolean>, timeoutMs = 60_000): Promise<void> {
    const isSo = async (): Promise<boolean> => (await condition()) || !this.isRunning;
    await waitFor(isSo, { what: `${this.name}: ${what}`, timeoutMs }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`);
    });
    if (this.isRunning || (await condition())) return;
    throw new Error(`${this.name} has ended before: ${what}\n${this.output.slice(-4_000)}`);
  }

  /** Resolves when the output holds the text. */
  async says(text: string | RegExp, timeoutMs = 60_000): Promise<void> {
    const isSaid = (): boolean => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    await this.until(`says ${String(text)}`, isSaid, timeoutMs);
  }

  kill(signal: NodeJS.Signals): void {
    this.#child.kill(signal);
  }

  /** Exit code, or the signal that ended it. */
  ended(): Promise<number | string> {
    return this.#exit;
  }

  /** Ends it in any case. */
  async stop(): Promise<number | string> {
    this.kill('SIGTERM');
    const cancel = setTimeout(() => this.kill('SIGKILL'), 20_000);
    const end = await this.#exit;
    clearTimeout(cancel);
    return end;
  }
}

/** An answer of a secure port. */
export interface PageRead {
  readonly status: number;
  readonly body: string;
}

/** GET of a page of a program on this machine, whatever its certificate. */
export function readPage(port: number, path: string, token?: string): Promise<PageRead> {
  const headers = token === undefined ? {} : { Authorization: `Bearer ${token}` };
  return new Promise((resolve, reject) => {
    const asked = request(
      { host: '127.0.0.1', port, path, headers, rejectUnauthorized: false, agent: false },
      (answer) => {
        let body = '';
        answer.on('data', (chunk: Buffer) => (body += chunk.toString()));
        answer.on('end', () => resolve({ status: answer.statusCode ?? 0, body }));
      },
    );
    asked.on('error', reject);
    asked.end();
  });
}

/** A port of loopback that nobody listens on. */
export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const { port } = server.address() as AddressInfo;
      server.close(() => resolve(port));
    });
  });
}
