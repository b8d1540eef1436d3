// One server process (etcd, kube-apiserver, …): start and wait until it serves, stop, pause, start again with the same
// port and data. Used by control-plane.ts; tests reach it as `controlPlane.apiServer` and `controlPlane.etcd`.
import { closeSync, openSync, statSync } from 'node:fs';
import { once } from 'node:events';
import { setTimeout as pause } from 'node:timers/promises';
import type { ChildProcess } from 'node:child_process';
import { OperatorError, never } from '@longshore/reconciler-core';
import { readLogTail, saysPortIsTaken } from './log-tail.ts';
import type { Watchdog } from './watchdog.ts';

const POLL_MS = 50;
// kube-apiserver waits up to a minute for connections with open watches; nothing is lost when it does not.
const DEFAULT_GRACE_MS = 2_000;

/** What a component is made of. */
export interface ComponentSpec {
  readonly name: string;
  readonly command: string;
  readonly args: readonly string[];
  readonly env: NodeJS.ProcessEnv;
  readonly folder: string;
  readonly logPath: string;
  readonly startTimeoutMs: number;
  /** Asked again and again after the start until true; it may throw while nothing listens yet. */
  readonly isReady: () => Promise<boolean>;
  /** Gives up a start that waits. */
  readonly signal?: AbortSignal | undefined;
  /** Told when the process ends without stop(). */
  readonly onUnexpectedExit?: (error: Error) => void;
}

/** How to end a component: SIGTERM with a grace time before SIGKILL, or SIGKILL at once like a crash. */
export interface StopOptions {
  readonly signal?: 'SIGTERM' | 'SIGKILL';
  readonly graceMs?: number;
}

/** A component that did not come up. `isPortTaken` tells callers to try another port. */
export class ComponentStartError extends OperatorError {
  readonly isPortTaken: boolean;

  constructor(message: string, isPortTaken: boolean) {
    super('CONTROL_PLANE_START_FAILED', message, never);
    this.isPortTaken = isPortTaken;
  }
}

/** A server process that can be stopped, paused and started again. */
export class Component {
  readonly name: string;
  readonly #spec: ComponentSpec;
  readonly #watchdog: Watchdog;
  #child: ChildProcess | undefined;
  #isStopping = false;
  #isPaused = false;

  constructor(spec: ComponentSpec, watchdog: Watchdog) {
    this.name = spec.name;
    this.#spec = spec;
    this.#watchdog = watchdog;
  }

  /** The process id, while it runs. */
  get pid(): number | undefined {
    return this.isRunning ? this.#child?.pid : undefined;
  }

  /** True from start() until the process ended; a paused one runs. */
  get isRunning(): boolean {
    return this.#child !== undefined && this.#child.exitCode === null && this.#child.signalCode === null;
  }

  /** The file that takes its output; it is removed with the temp folder. */
  get logPath(): string {
    return this.#spec.logPath;
  }

  /** Starts the process and resolves when it serves. Does nothing while it runs. */
  async start(): Promise<void> {
    if (this.isRunning) return;
    this.#isStopping = false;
    this.#isPaused = false;
    const logStart = sizeOf(this.#spec.logPath);
    const child = await this.#spawn();
    try {
      await this.#waitUntilReady(child, logStart);
    } catch (error) {
      await this.stop({ signal: 'SIGKILL' });
      throw error;
    }
    child.once('exit', () => this.#reportExit());
  }

  /** Ends the process and resolves when it is gone. Does nothing when it does not run. */
  async stop(options: StopOptions = {}): Promise<void> {
    const child = this.#child;
    this.#isStopping = true;
    if (!child || !this.isRunning) return;
    child.ref();
    const exited = once(child, 'exit');
    child.kill(options.signal ?? 'SIGTERM');
    // A stopped process sees SIGTERM only after it continues.
    if (this.#isPaused) child.kill('SIGCONT');
    const killLater = setTimeout(() => child.kill('SIGKILL'), options.graceMs ?? DEFAULT_GRACE_MS);
    await exited;
    clearTimeout(killLater);
    this.#isPaused = false;
  }

  /** Freezes the process (SIGSTOP): connections stay open and nothing answers. */
  pause(): void {
    this.#isPaused = this.#child?.kill('SIGSTOP') ?? false;
  }

  /** Lets a paused process go on (SIGCONT). */
  resume(): void {
    this.#child?.kill('SIGCONT');
    this.#isPaused = false;
  }

  async #spawn(): Promise<ChildProcess> {
    const output = openSync(this.#spec.logPath, 'a', 0o600);
    try {
      const { command, args, env, folder } = this.#spec;
      this.#child = await this.#watchdog.spawn({ command, args, env, cwd: folder, output });
      return this.#child;
    } finally {
      closeSync(output);
    }
  }

  async #waitUntilReady(child: ChildProcess, logStart: number): Promise<void> {
    const deadline = performance.now() + this.#spec.startTimeoutMs;
    while (!(await this.#answersReady())) {
      this.#spec.signal?.throwIfAborted();
      const hasEnded = child.exitCode !== null || child.signalCode !== null;
      if (hasEnded) throw this.#startError(`ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`, logStart);
      if (performance.now() > deadline) {
        throw this.#startError(`was not ready after ${Math.round(this.#spec.startTimeoutMs / 1000)} s`, logStart);
      }
      await pause(POLL_MS);
    }
  }

  async #answersReady(): Promise<boolean> {
    try {
      // Another process may answer on the port while ours failed to take it.
      return (await this.#spec.isReady()) && this.isRunning;
    } catch {
      return false;
    }
  }

  #startError(what: string, logStart: number): ComponentStartError {
    const log = readLogTail(this.#spec.logPath, logStart);
    return new ComponentStartError(`${this.name} ${what}. The end of its log:\n${log}`, saysPortIsTaken(log));
  }

  #reportExit(): void {
    if (this.#isStopping) return;
    const log = readLogTail(this.#spec.logPath);
    const message = `${this.name} ended by itself. The end of its log:\n${log}`;
    this.#spec.onUnexpectedExit?.(new OperatorError('CONTROL_PLANE_COMPONENT_ENDED', message, never));
  }
}

function sizeOf(path: string): number {
  return statSync(path, { throwIfNoEntry: false })?.size ?? 0;
}
