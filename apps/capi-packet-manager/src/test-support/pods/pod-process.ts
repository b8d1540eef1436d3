// A pod's process: the program in a mount namespace of its own, with the pod's volumes where the pod wants them. Linux and root.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { createWriteStream, existsSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { mountScript } from './pod-plan.ts';
import type { ProcessPlan } from './pod-plan.ts';

/** Where a process runs. */
export interface ProcessPlace {
  /** What is started in place of the container's command. */
  readonly command: readonly string[];
  /** Arguments after the pod's. */
  readonly extraArgs: readonly string[];
  /** Where files and the log are written. */
  readonly folder: string;
  /** Beside what the pod says. */
  readonly env: Readonly<Record<string, string>>;
}

/** A running process. */
export class PodProcess {
  readonly logPath: string;
  readonly #child: ChildProcess;
  readonly #ended: Promise<void>;

  private constructor(child: ChildProcess, logPath: string) {
    this.#child = child;
    this.logPath = logPath;
    this.#ended = once(child, 'exit').then(() => undefined);
  }

  /** Writes the volumes and starts it. */
  static start(plan: ProcessPlan, { command, extraArgs, folder, env }: ProcessPlace): PodProcess {
    const folders = new Map(plan.mounts.map(({ path: at, files }, index) => [at, writeFiles(folder, index, files)]));
    const script = mountScript(folders, existsSync);
    const inside = ['sh', '-c', script, 'sh', ...command, ...plan.args, ...extraArgs];
    // unshare and sh become the program: the child's id is its id.
    const child = spawn('unshare', ['--mount', '--', ...inside], {
      cwd: '/',
      env: { PATH: process.env['PATH'] ?? '', ...plan.env, ...env },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const logPath = path.join(folder, 'log');
    const log = createWriteStream(logPath, { flags: 'a' });
    child.stdout.pipe(log, { end: false });
    child.stderr.pipe(log, { end: false });
    return new PodProcess(child, logPath);
  }

  /** What it has printed so far. */
  get log(): string {
    return existsSync(this.logPath) ? readFileSync(this.logPath, 'utf8') : '';
  }

  get isRunning(): boolean {
    return this.#child.exitCode === null && this.#child.signalCode === null;
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  /** Asks it to end, and ends it when it has not after `graceMs`. */
  async stop(graceMs: number): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGTERM');
    const limit = setTimeout(() => this.#child.kill('SIGKILL'), graceMs);
    await this.#ended;
    clearTimeout(limit);
  }

  /** Ends it as a power failure would. */
  async kill(): Promise<void> {
    if (!this.isRunning) return;
    this.#child.kill('SIGKILL');
    await this.#ended;
  }
}

function writeFiles(folder: string, index: number, files: Readonly<Record<string, string>>): string {
  const volume = path.join(folder, `volume-${index}`);
  rmSync(volume, { recursive: true, force: true });
  mkdirSync(volume, { recursive: true });
  for (const [name, content] of Object.entries(files)) writeFileSync(path.join(volume, name), content, { mode: 0o600 });
  return volume;
}
