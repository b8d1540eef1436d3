// Mounts and ends mounts. What is mounted is read from the kernel each time, because others mount too.
import { readFile } from 'node:fs/promises';
import { CsiError } from '../../server/csi-error.ts';
import { mounting } from '../host/command.ts';
import type { Command } from '../host/command.ts';
import type { HostPrograms } from '../host/host-programs.ts';
import { mountsAt, parseMountInfo, withoutHostViews } from './mount-table.ts';
import type { Mount } from './mount-table.ts';

const TABLE = '/proc/self/mountinfo';
// More layers than anybody stacked by mistake.
const MOST_LAYERS = 50;

/** The mounts of this process. */
export class Mounts {
  readonly #programs: HostPrograms;
  readonly #hostRoot: string;

  constructor(programs: HostPrograms, hostRoot: string) {
    this.#programs = programs;
    this.#hostRoot = hostRoot;
  }

  /** All of them, now; each once. */
  async list(): Promise<readonly Mount[]> {
    return withoutHostViews(parseMountInfo(await readFile(TABLE, 'utf8')), this.#hostRoot);
  }

  /** Runs a mount command; it must have an effect at the target. */
  async mount(command: Command, target: string): Promise<void> {
    await this.#programs.demand(command);
    if (mountsAt(await this.list(), target).length === 0) {
      throw new CsiError('INTERNAL', `mount reported success, but nothing is mounted at ${target}`);
    }
  }

  /** Ends all mounts at the path, the one on top first. Succeeds when there is none. */
  async unmountAll(target: string): Promise<void> {
    for (let layer = 0; layer < MOST_LAYERS; layer += 1) {
      if (mountsAt(await this.list(), target).length === 0) return;
      await this.#programs.demand(mounting.unmount(target));
    }
    throw new CsiError('INTERNAL', `${target} is still mounted after ${MOST_LAYERS} times umount`);
  }
}
