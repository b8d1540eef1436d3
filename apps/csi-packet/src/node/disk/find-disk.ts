// Finds the disk behind a volume's portals: links of udev by portal and target, one identity for all paths, and the multipath map over them.
import { readdir, rename, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { KeyedLock, sleep } from '@longshore/reconciler-core';
import type { Clock, Logger } from '@longshore/reconciler-core';
import { CsiError } from '../../server/csi-error.ts';
import { disk, multipath, scsiId } from '../host/command.ts';
import type { Portal } from '../host/command.ts';
import { blockDeviceAt, isMissing, readText } from '../host/files.ts';
import type { BlockDevice } from '../host/files.ts';
import { asHostSees } from '../host/host-paths.ts';
import type { HostPaths } from '../host/host-paths.ts';
import { failureOf } from '../host/host-programs.ts';
import type { HostPrograms } from '../host/host-programs.ts';
import { parseBindings, withBinding, withoutBinding } from '../iscsi/bindings.ts';
import type { Iscsi } from '../iscsi/iscsi.ts';
import { isLinkOf } from '../iscsi/sessions.ts';

/** What the finder works with. */
export interface DiskFinderOptions {
  readonly programs: HostPrograms;
  readonly iscsi: Iscsi;
  readonly paths: HostPaths;
  readonly chroot: string | undefined;
  readonly clock: Clock;
  readonly log: Logger;
  /** How long a link or a map may take to appear after the login. */
  readonly appearMs: number;
}

/** The disk to use. */
export interface FoundDisk {
  readonly wwid: string;
  readonly device: BlockDevice;
  readonly isMap: boolean;
}

const LOOK_EVERY_MS = 100;
const FLUSH_TRIES = 3;
const FLUSH_PAUSE_MS = 500;

/** Disks and maps. */
export class DiskFinder {
  readonly #options: DiskFinderOptions;
  readonly #bindings = new KeyedLock();
  #hasMultipath = false;

  constructor(options: DiskFinderOptions) {
    this.#options = options;
  }

  /** The disk behind the portals with a session, as a map named `name` where there is multipath. */
  async find(name: string, portals: readonly Portal[]): Promise<FoundDisk> {
    const paths = await this.#waitForPaths(name, portals);
    const wwid = await this.#sameIdentity(name, paths);
    const [first] = paths;
    if (first === undefined) throw new Error('no path');
    if (!(await this.hasMultipath())) return { wwid, device: first, isMap: false };
    return { wwid, device: await this.#map(name, wwid), isMap: true };
  }

  /** Whether the host has multipath. A yes is kept; a no is not: it may be installed, or have been too slow to answer. */
  async hasMultipath(): Promise<boolean> {
    this.#hasMultipath ||= await this.#options.programs.run(multipath.version()).then(
      () => true,
      () => false,
    );
    return this.#hasMultipath;
  }

  /** What is behind the name in /dev/mapper. */
  mapDevice(name: string): Promise<BlockDevice | undefined> {
    return blockDeviceAt(path.join(this.#options.paths.mapper, name));
  }

  /** Takes the map down. Rejects while it is in use; nothing is logged out before. */
  async flush(name: string, device: string | undefined): Promise<void> {
    const { programs, clock } = this.#options;
    if (device !== undefined) await programs.run(disk.flushBuffers(device));
    for (let tried = 1; (await this.mapDevice(name)) !== undefined; tried += 1) {
      const ended = await programs.run(multipath.flush(name));
      if (ended.code === 0 && (await this.mapDevice(name)) === undefined) break;
      if (tried >= FLUSH_TRIES) throw failureOf(multipath.flush(name), { ...ended, code: ended.code ?? 1 });
      // Writes that wait for a target that is gone would keep it busy for ever.
      await programs.run(multipath.stopQueueing(name)).catch(() => undefined);
      await sleep(clock, FLUSH_PAUSE_MS);
    }
  }

  /** Takes the map's name out of the bindings. */
  async unbind(name: string): Promise<void> {
    await this.#editBindings((text) => withoutBinding(text, name));
  }

  /** The portals through which a disk of this name is seen now, for volumes that another program staged. */
  async portalsOf(name: string): Promise<readonly Portal[]> {
    const wwid = parseBindings(await readText(this.#options.paths.bindings)).find((line) => line.name === name)?.wwid;
    if (wwid === undefined) return [];
    const portals = await Promise.all(
      (await this.#links()).map(async (link) => {
        const [, address, iqn] = /^ip-\[?([^\]]+?)\]?:3260-iscsi-(.+)-lun-\d+$/.exec(link) ?? [];
        if (address === undefined || iqn === undefined) return undefined;
        const device = await blockDeviceAt(path.join(this.#options.paths.byPath, link));
        if (device === undefined || (await this.#identityOf(device)) !== wwid) return undefined;
        return { address, iqn };
      }),
    );
    return portals.filter((portal) => portal !== undefined);
  }

  /** The name of the map over the disk behind the portals; `undefined` where there is none. */
  async nameOf(portals: readonly Portal[]): Promise<string | undefined> {
    const [device] = await this.pathsOf(portals);
    if (device === undefined) return undefined;
    const wwid = await this.#identityOf(device);
    return parseBindings(await readText(this.#options.paths.bindings)).find((line) => line.wwid === wwid)?.name;
  }

  /** The disks behind the portals, as far as they are there. */
  async pathsOf(portals: readonly Portal[]): Promise<readonly BlockDevice[]> {
    const links = (await this.#links()).filter((link) => portals.some((portal) => isLinkOf(link, portal)));
    const devices = await Promise.all(links.map((link) => blockDeviceAt(path.join(this.#options.paths.byPath, link))));
    return devices.filter((device) => device !== undefined);
  }

  async #links(): Promise<readonly string[]> {
    return readdir(this.#options.paths.byPath).catch((error: unknown) => {
      // The folder is made with the first disk.
      if (isMissing(error)) return [];
      throw error;
    });
  }

  async #waitForPaths(name: string, portals: readonly Portal[]): Promise<readonly BlockDevice[]> {
    const { clock, iscsi, appearMs } = this.#options;
    const startedMs = clock.monotonicMs();
    let hasAsked = false;
    for (;;) {
      const found = await this.pathsOf(portals);
      if (found.length > 0) return found;
      const waitedMs = clock.monotonicMs() - startedMs;
      if (waitedMs >= appearMs) {
        const message = `${name}: its disk did not appear within ${appearMs / 1000} s after the login`;
        throw new CsiError('UNAVAILABLE', message);
      }
      if (!hasAsked && waitedMs >= appearMs / 2) {
        hasAsked = true;
        await iscsi.rescan(portals);
      }
      await sleep(clock, LOOK_EVERY_MS);
    }
  }

  async #sameIdentity(name: string, paths: readonly BlockDevice[]): Promise<string> {
    const identities = new Set(await Promise.all(paths.map((device) => this.#identityOf(device))));
    const [wwid] = identities;
    if (identities.size === 1 && wwid) return wwid;
    const message = `${name}: its paths lead to different disks (${[...identities].join(', ')}): nothing is mounted`;
    throw new CsiError('INTERNAL', message);
  }

  async #identityOf(device: BlockDevice): Promise<string> {
    const { programs, chroot } = this.#options;
    return (await programs.demand(scsiId(asHostSees(device.path, chroot)))).trim();
  }

  async #map(name: string, wwid: string): Promise<BlockDevice> {
    const { programs, clock, appearMs } = this.#options;
    await this.#editBindings((text) => withBinding(text, { name, wwid }));
    const startedMs = clock.monotonicMs();
    for (;;) {
      const ended = await programs.run(multipath.make(name));
      const device = await this.mapDevice(name);
      if (device !== undefined) return this.#checkedMap(name, { wwid, device });
      if (clock.monotonicMs() - startedMs >= appearMs) {
        throw new CsiError(
          'UNAVAILABLE',
          `${name}: multipath made no map: ${failureOf(multipath.make(name), ended).message}`,
        );
      }
      await sleep(clock, LOOK_EVERY_MS);
    }
  }

  // A map that was left over from another volume would give a pod somebody else's data.
  async #checkedMap(name: string, expected: { wwid: string; device: BlockDevice }): Promise<BlockDevice> {
    const found = await this.#identityOf(expected.device);
    if (found === expected.wwid) return expected.device;
    const message = `the map ${name} leads to the disk ${found} and not to ${expected.wwid}: nothing is mounted; flush it (multipath -f ${name})`;
    throw new CsiError('INTERNAL', message);
  }

  async #editBindings(edit: (text: string) => string): Promise<void> {
    const { bindings } = this.#options.paths;
    await this.#bindings.run(bindings, async () => {
      const text = await readText(bindings);
      const edited = edit(text);
      if (edited === text) return;
      await writeFile(`${bindings}.new`, edited, { mode: 0o600 });
      await rename(`${bindings}.new`, bindings);
    });
  }
}
