// What is on the volumes: the simulated cloud keeps no bytes, the host's disks are files. The file of a volume is copied aside when a snapshot
// was taken, and a volume that was made from something starts with a copy.
import { execFile } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdir, truncate } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { readDescription } from '../volumes/description.ts';
import { GIB } from './host-world.ts';
import type { HostWorld } from './host-world.ts';

/** The disks of the simulated cloud. */
export class DiskContents {
  readonly #cloud: PacketSimulator;
  readonly #world: HostWorld;
  readonly #folder: string;

  constructor(cloud: PacketSimulator, world: HostWorld) {
    this.#cloud = cloud;
    this.#world = world;
    this.#folder = join(world.folder, 'snapshots');
  }

  /** To call once the snapshot is there, before anything is written. */
  async keep(volumeId: string, snapshotId: string): Promise<void> {
    await mkdir(this.#folder, { recursive: true });
    await copy(this.#diskOf(volumeId), join(this.#folder, snapshotId));
  }

  /** To call once the volume is there, before it is attached. Its description says what it was made from. */
  async fill(volumeId: string): Promise<void> {
    const volume = this.#cloud.state.volumes.get(volumeId);
    const source = readDescription(volume?.description ?? undefined)?.source;
    if (volume === undefined || source === undefined) throw new Error(`volume ${volumeId} was made from nothing`);
    const disk = this.#diskOf(volumeId);
    if (existsSync(disk)) throw new Error(`volume ${volumeId} is in use already`);
    await copy(source.kind === 'volume' ? this.#diskOf(source.volumeId) : join(this.#folder, source.snapshotId), disk);
    await truncate(disk, volume.size * GIB);
  }

  #diskOf(volumeId: string): string {
    return this.#world.imageOf(this.#cloud.state.volumes.get(volumeId)?.access?.iqn ?? '');
  }
}

async function copy(from: string, to: string): Promise<void> {
  await promisify(execFile)('cp', ['--sparse=always', from, to]);
}
