// Looks after what calls leave behind: sessions of volumes that are no longer here (their target is gone or will be, and each one keeps
// trying for ever), and paths that were down when a volume was staged. Which sessions are orphans is decided in orphans.ts.
import { sleep } from '@longshore/reconciler-core';
import { iscsiadm } from './host/command.ts';
import { isSessionOf } from './iscsi/sessions.ts';
import { portalsOf } from './node-parts.ts';
import type { NodeParts } from './node-parts.ts';
import { ownSessions, pickOrphans } from './orphans.ts';
import { takeDown } from './unstage.ts';

const EVERY_MS = 60_000;

/** How the reaper works. */
export interface ReaperOptions {
  /** `report`: only says what it would end. */
  readonly mode: 'on' | 'report' | 'off';
  /** Whether a call works on the volume: then it is left alone. */
  readonly isBusy: (volumeId: string) => boolean;
  /** Called before each pass but the first. */
  readonly everyPass: () => Promise<void>;
}

/** Tidies up, now and then. */
export class Reaper {
  readonly #parts: NodeParts;
  readonly #options: ReaperOptions;
  #suspects: ReadonlySet<string> = new Set();

  constructor(parts: NodeParts, options: ReaperOptions) {
    this.#parts = parts;
    this.#options = options;
  }

  /** Until the signal aborts. A pass that fails is told in the log; the next one may do better. */
  async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      await this.pass().catch((error: unknown) => {
        this.#parts.log.verbose(2, 'a look at the sessions failed', { error });
      });
      await sleep(this.#parts.clock, EVERY_MS, signal).catch(() => undefined);
      if (!signal.aborted) await this.#options.everyPass();
    }
  }

  /** One look around. An orphan is ended at the second look that finds it. */
  async pass(): Promise<void> {
    if (this.#options.mode !== 'off') await this.#reap();
    await this.#repair();
  }

  async #reap(): Promise<void> {
    const { programs, store, finder, mounts, log } = this.#parts;
    const shown = await programs.run(iscsiadm.sessionDetails());
    const sessions = ownSessions(shown.code === 0 ? shown.stdout : '');
    const records = await store.list();
    const orphans = pickOrphans(sessions, records);
    const seen = new Set(orphans.map(({ iqn }) => iqn));
    for (const { iqn, portals } of orphans.filter((orphan) => this.#suspects.has(orphan.iqn))) {
      const paths = portals.map((address) => ({ address, iqn }));
      const name = await finder.nameOf(paths);
      const devices = [...(await finder.pathsOf(paths)), ...(name === undefined ? [] : [await finder.mapDevice(name)])];
      const table = await mounts.list();
      const isMounted = devices.some((device) => table.some((mount) => mount.device === device?.number));
      if (isMounted) continue;
      log.warn(this.#options.mode === 'on' ? 'ending orphan sessions' : 'orphan sessions', { target: iqn, portals });
      if (this.#options.mode !== 'on') continue;
      if (name === undefined) await this.#parts.iscsi.logout(paths);
      else await takeDown(this.#parts, { name, portals: paths, device: (await finder.mapDevice(name))?.path });
    }
    this.#suspects = seen;
  }

  async #repair(): Promise<void> {
    const { store, iscsi, metadata } = this.#parts;
    const staged = (await store.list()).filter(
      ({ phase, volumeId }) => phase === 'staged' && !this.#options.isBusy(volumeId),
    );
    if (staged.length === 0) return;
    const sessions = await iscsi.sessions();
    for (const record of staged) {
      const missing = portalsOf(record).filter((portal) => !sessions.some((session) => isSessionOf(session, portal)));
      if (missing.length === 0) continue;
      const { iqn: initiator } = await metadata.read(AbortSignal.timeout(5_000)).catch(() => ({ iqn: undefined }));
      await iscsi.login(missing, initiator);
    }
  }
}
