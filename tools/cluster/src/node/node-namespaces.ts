// The namespaces of a node and its link to this machine. They end with this process at the latest, and leave nothing behind.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { readFile } from 'node:fs/promises';
import { randomInt } from 'node:crypto';
import { OperatorError, messageOf, never } from '@longshore/reconciler-core';
import { searchPath } from '../host-check.ts';
import { addressesOf } from './node-files.ts';
import type { NodeAddresses } from './node-files.ts';
import { READY, addressCommands, holdCommand, inNode, linkCommand } from './node-scripts.ts';
import type { Command } from './node-scripts.ts';
import { runCommand } from './run-command.ts';

const CLUSTERS = 256;

/** Namespaces, held by a process that waits for our end. */
export class NodeNamespaces {
  /** The node's first process. */
  readonly pid: number;
  readonly addresses: NodeAddresses;
  readonly #holder: ChildProcess;

  private constructor(pid: number, addresses: NodeAddresses, holder: ChildProcess) {
    this.pid = pid;
    this.addresses = addresses;
    this.#holder = holder;
  }

  /** Makes the namespaces and the link. `folder` is removed with them. */
  static async open(node: {
    readonly folder: string;
    readonly cgroup: string;
    readonly name: string;
  }): Promise<NodeNamespaces> {
    const [program, ...args] = holdCommand(node);
    const env = { ...process.env, PATH: searchPath() };
    const holder = spawn(program, args, { stdio: ['pipe', 'pipe', 'pipe'], detached: true, cwd: '/', env });
    try {
      await isReady(holder);
      doNotKeepAlive(holder);
      const pid = await childOf(await childOf(holder.pid));
      return new NodeNamespaces(pid, await plugIn(pid), holder);
    } catch (error) {
      holder.stdin.end();
      throw error;
    }
  }

  /** Runs a command in the node. */
  run(command: readonly string[], input?: string): Promise<string> {
    return runCommand(inNode(this.pid, command), input);
  }

  /** A command line that runs in the node. */
  command(command: readonly string[]): Command {
    return inNode(this.pid, command);
  }

  /** Ends everything in the node; resolves when its files and cgroups are gone. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = once(this.#holder, 'exit');
    this.#holder.ref();
    await runCommand(['ip', 'link', 'del', this.addresses.link]).catch(() => undefined);
    this.#holder.stdin?.end();
    await ended;
  }
}

// The kernel makes a link of a name once: of several clusters that start at the same time, each gets addresses of its own.
async function plugIn(pid: number): Promise<NodeAddresses> {
  const first = randomInt(CLUSTERS);
  for (let step = 0; step < CLUSTERS; step++) {
    const addresses = addressesOf((first + step) % CLUSTERS);
    if (!(await canLink(addresses, pid))) continue;
    for (const command of addressCommands(addresses, pid)) await runCommand(command);
    return addresses;
  }
  throw new OperatorError('CLUSTER_START_FAILED', `${CLUSTERS} clusters run on this machine: end one`, never);
}

async function canLink(addresses: NodeAddresses, pid: number): Promise<boolean> {
  try {
    await runCommand(linkCommand(addresses, pid));
    return true;
  } catch (error) {
    if (/File exists/.test(messageOf(error))) return false;
    throw error;
  }
}

// A cluster that nobody stopped must not keep a finished program (or a test run) from ending.
function doNotKeepAlive(holder: ChildProcess): void {
  holder.unref();
  for (const stream of [holder.stdin, holder.stdout, holder.stderr]) {
    (stream as { unref?: () => void } | null)?.unref?.();
  }
}

function isReady(holder: ChildProcess): Promise<void> {
  return new Promise((resolve, reject) => {
    let errors = '';
    holder.stdout?.on('data', (chunk: Buffer) => chunk.toString().includes(`${READY}\n`) && resolve());
    holder.stderr?.on('data', (chunk: Buffer) => (errors += chunk.toString()));
    holder.once('error', reject);
    holder.once('close', () => {
      const message = `the namespaces of the node could not be made: ${errors.trim()}`;
      reject(new OperatorError('CLUSTER_START_FAILED', message, never));
    });
  });
}

async function childOf(pid: number | undefined): Promise<number> {
  const children = await readFile(`/proc/${pid}/task/${pid}/children`, 'utf8');
  const child = Number(children.trim().split(' ')[0]);
  if (Number.isInteger(child) && child > 0) return child;
  throw new OperatorError('CLUSTER_START_FAILED', 'the node ended before it was there', never);
}
