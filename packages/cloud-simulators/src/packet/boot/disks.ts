// The disks of all machines: folders in memory, in a mount namespace that a process of ours holds. They outlive a restart of their machine,
// and nothing of them is left when this program ends, however it does.
import type { ChildProcess } from 'node:child_process';
import { spawn } from 'node:child_process';
import { holdUntilWeEnd, isReady } from './holder.ts';
import { runCommand } from './run-command.ts';
import { DISKS } from './set-up-plan.ts';

/** A place for disks. */
export class Disks {
  readonly #holder: ChildProcess;
  readonly #known = new Set<string>();

  private constructor(holder: ChildProcess) {
    this.#holder = holder;
  }

  /** Makes the place. */
  static async open(): Promise<Disks> {
    const inside = `mount -t tmpfs -o mode=0755 disks ${DISKS} && ${holdUntilWeEnd}`;
    const holder = spawn('unshare', ['--mount', '--', 'sh', '-c', inside], { stdio: ['pipe', 'pipe', 'pipe'] });
    await isReady(holder, 'the disks of simulated machines could not be made');
    return new Disks(holder);
  }

  /** The process in whose mount namespace they are. */
  get pid(): number {
    return this.#holder.pid ?? 0;
  }

  /** Whether a disk has been set up. */
  has(disk: string): boolean {
    return this.#known.has(disk);
  }

  /** Remembers that a disk has been set up. */
  remember(disk: string): void {
    this.#known.add(disk);
  }

  /** Removes the disks that nobody needs any more. */
  async keepOnly(needed: ReadonlySet<string>): Promise<void> {
    for (const disk of [...this.#known].filter((one) => !needed.has(one))) {
      this.#known.delete(disk);
      const enter = ['nsenter', '--target', String(this.pid), '--mount', '--'] as const;
      await runCommand([...enter, 'rm', '-rf', `${DISKS}/${disk}`]);
    }
  }

  /** Gives everything up. */
  async close(): Promise<void> {
    if (this.#holder.exitCode !== null || this.#holder.signalCode !== null) return;
    const ended = new Promise((resolve) => this.#holder.once('close', resolve));
    this.#holder.kill('SIGKILL');
    await ended;
  }
}
