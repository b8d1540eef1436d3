// One program that runs in a node (containerd, kubelet): start, wait until it serves, stop, start again.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { OperatorError, never } from '@longshore/reconciler-core';
import { searchPath } from '../host-check.ts';
import type { Command } from './node-scripts.ts';

const POLL_MS = 100;
const TAIL_LINES = 20;

/** What runs, and how to see that it serves. */
export interface NodeProgram {
  readonly name: string;
  /** With the way into the node. */
  readonly command: Command;
  readonly logPath: string;
  readonly isReady: () => Promise<boolean>;
  readonly startTimeoutMs: number;
  readonly onUnexpectedExit: (error: Error) => void;
  readonly signal?: AbortSignal | undefined;
}

/** A program in a node. The kernel ends it with the node. */
export class NodeProcess {
  readonly #program: NodeProgram;
  #child: ChildProcess | undefined;

  constructor(program: NodeProgram) {
    this.#program = program;
  }

  /** Starts it and resolves when it serves. */
  async start(): Promise<void> {
    const [command, ...args] = this.#program.command;
    const output = openSync(this.#program.logPath, 'a', 0o600);
    // A process group of its own: its signals reach the program and not only what entered the node, and no key of the terminal does.
    const options = { detached: true, env: { ...process.env, PATH: searchPath() }, cwd: '/' } as const;
    const child = spawn(command, args, { ...options, stdio: ['ignore', output, output] });
    closeSync(output);
    this.#child = child;
    child.unref();
    await this.#untilReady(child);
    child.once('exit', () => this.#reportExit(child));
  }

  /** Ends it with SIGTERM; resolves when it is gone. */
  async stop(): Promise<void> {
    const child = this.#child;
    this.#child = undefined;
    if (child?.pid === undefined || hasEnded(child)) return;
    child.ref();
    const ended = once(child, 'exit');
    process.kill(-child.pid, 'SIGTERM');
    await ended;
  }

  /** From now on its end is no failure. */
  forget(): void {
    this.#child = undefined;
  }

  async #untilReady(child: ChildProcess): Promise<void> {
    const { name, startTimeoutMs, signal } = this.#program;
    const deadline = performance.now() + startTimeoutMs;
    while (!(await this.#program.isReady().catch(() => false))) {
      signal?.throwIfAborted();
      if (hasEnded(child))
        throw this.#failure(`${name} ended with ${child.signalCode ?? `exit code ${child.exitCode}`}`);
      if (performance.now() > deadline) throw this.#failure(`${name} was not ready after ${startTimeoutMs / 1000} s`);
      await pause(POLL_MS);
    }
  }

  #reportExit(child: ChildProcess): void {
    if (this.#child === child) this.#program.onUnexpectedExit(this.#failure(`${this.#program.name} ended by itself`));
  }

  #failure(what: string): OperatorError {
    const lines = readFileSync(this.#program.logPath, 'utf8').trimEnd().split('\n').slice(-TAIL_LINES).join('\n');
    return new OperatorError('CLUSTER_START_FAILED', `${what}. The end of its log:\n${lines}`, never);
  }
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}
