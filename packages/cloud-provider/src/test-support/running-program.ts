// acme-ccm as a child process: its output, its pages, its end. Tests wait for lines and states, never for time.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { request } from 'node:https';
import { waitFor } from '@longshore/reconciler-core/testing';

const PROGRAM = new URL('./acme-ccm.ts', import.meta.url).pathname;

/** What the process is given. */
export interface ProgramStart {
  readonly flags?: readonly string[];
  readonly env?: Readonly<Record<string, string>>;
  /** Further arguments for node itself. */
  readonly node?: readonly string[];
  /** Another program than acme-ccm. */
  readonly file?: string;
}

/** An answer of the secure port. */
export interface PageRead {
  readonly status: number;
  readonly body: string;
}

/** One process. */
export class RunningProgram {
  readonly name: string;
  output = '';
  readonly #child: ChildProcess;
  readonly #exit: Promise<number | string>;

  constructor(name: string, { flags = [], env = {}, node = [], file = PROGRAM }: ProgramStart) {
    this.name = name;
    const args = ['--conditions=@longshore/source', ...node, file, ...flags];
    this.#child = spawn(process.execPath, args, { env: { PATH: process.env['PATH'], ACME_REPLICA: name, ...env } });
    for (const stream of [this.#child.stdout, this.#child.stderr]) {
      stream?.on('data', (chunk: Buffer) => (this.output += chunk.toString()));
    }
    this.#exit = new Promise((resolve) => {
      this.#child.on('exit', (code, signal) => resolve(code ?? signal ?? 'unknown'));
    });
  }

  /** Resolves when the output holds the text. */
  async says(text: string | RegExp, timeoutMs = 60_000): Promise<void> {
    const isSaid = (): boolean => (typeof text === 'string' ? this.output.includes(text) : text.test(this.output));
    await waitFor(isSaid, { what: `${this.name} says ${String(text)}`, timeoutMs }).catch((error: unknown) => {
      throw new Error(`${String(error)}\n${this.output.slice(-4_000)}`);
    });
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

/** GET of a page, whatever its certificate. */
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
