// The program under test as a child process: one of our bundles, or any other cloud controller manager given as a command line.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';
import { usageOf } from './process-usage.ts';
import type { ProcessUsage } from './process-usage.ts';
import type { Subject } from './subject.ts';

/** What a program needs to know. In a command line `{kubeconfig}`, `{port}` and `{url}` stand for these. */
export interface ProgramSettings {
  readonly subject: Subject;
  /** Undefined: the subject's bundle. */
  readonly commandLine: string | undefined;
  readonly kubeconfig: string;
  readonly cloudUrl: string;
  /** Points the program at the cloud. */
  readonly env: Readonly<Record<string, string>>;
  readonly securePort: number;
  readonly extraArgs?: readonly string[];
}

/** A running program. */
export class Program {
  readonly #child: ChildProcess;
  readonly startedAtMs = performance.now();
  readonly #tail: string[] = [];
  #usage: ProcessUsage | undefined;

  constructor(settings: ProgramSettings) {
    const [command = '', ...args] = commandOf(settings);
    const env = { PATH: process.env.PATH, ...settings.env };
    this.#child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'] });
    this.#child.stdout?.on('data', (chunk: Buffer) => this.#keep(chunk));
    this.#child.stderr?.on('data', (chunk: Buffer) => this.#keep(chunk));
  }

  get pid(): number {
    return this.#child.pid ?? 0;
  }

  /** The last lines that the program wrote, for error messages. */
  get tail(): string {
    return this.#tail.join('').split('\n').slice(-20).join('\n');
  }

  /** Throws with the program's last words when it has ended by itself. */
  mustRun(): void {
    if (this.#child.exitCode === null && this.#child.signalCode === null) return;
    throw new Error(`the program ended with ${this.#child.exitCode ?? this.#child.signalCode}:\n${this.tail}`);
  }

  /** Usage so far; after the end what was read last. */
  usage(): ProcessUsage {
    if (this.#child.exitCode === null && this.#child.signalCode === null) this.#usage = usageOf(this.pid);
    if (!this.#usage) throw new Error('the program ended before its usage was read');
    return this.#usage;
  }

  /** SIGTERM, then SIGKILL after 15 s; resolves with the seconds that it took. */
  async stop(): Promise<number> {
    if (this.#child.exitCode !== null || this.#child.signalCode !== null) return 0;
    this.usage();
    const startedAt = performance.now();
    const ended = once(this.#child, 'exit');
    this.#child.kill('SIGTERM');
    const timer = setTimeout(() => this.#child.kill('SIGKILL'), 15_000);
    await ended;
    clearTimeout(timer);
    return (performance.now() - startedAt) / 1000;
  }

  #keep(chunk: Buffer): void {
    this.#tail.push(chunk.toString());
    if (this.#tail.length > 200) this.#tail.splice(0, 100);
  }
}

function commandOf(settings: ProgramSettings): readonly string[] {
  const { subject, commandLine, kubeconfig, cloudUrl, securePort, extraArgs = [] } = settings;
  if (commandLine !== undefined) {
    const filled = commandLine
      .replaceAll('{kubeconfig}', kubeconfig)
      .replaceAll('{port}', String(securePort))
      .replaceAll('{url}', cloudUrl);
    return [...filled.split(/\s+/), ...extraArgs];
  }
  const app = path.resolve(import.meta.dirname, '../../../apps', subject.app);
  if (subject.command) return [process.execPath, ...subject.command({ app, kubeconfig }), ...extraArgs];
  const bundle = path.join(app, 'dist/main.js');
  const flags = [
    `--cloud-provider=${subject.provider}`,
    `--kubeconfig=${kubeconfig}`,
    `--secure-port=${securePort}`,
    ...(subject.flags ?? []),
  ];
  return [process.execPath, bundle, ...flags, ...extraArgs];
}
