// Sessions with targets, by iscsiadm of the host. What exit codes mean is in exit-codes.ts.
import { KeyedLock } from '@longshore/reconciler-core';
import type { Logger } from '@longshore/reconciler-core';
import { CsiError } from '../../server/csi-error.ts';
import { INTERFACE, iscsiadm } from '../host/command.ts';
import type { Command, Portal } from '../host/command.ts';
import type { HostPrograms } from '../host/host-programs.ts';
import { meaningOf } from './exit-codes.ts';
import type { IscsiAction, IscsiOutcome } from './exit-codes.ts';
import { interfaceChanges, isSessionOf, parseInterface, parseSessions } from './sessions.ts';
import type { Session } from './sessions.ts';

/** A portal with which there is no session, and why. */
export interface DownPortal {
  readonly portal: Portal;
  readonly outcome: IscsiOutcome;
  readonly text: string;
}

/** iscsiadm. */
export class Iscsi {
  readonly #programs: HostPrograms;
  readonly #log: Logger;
  // iscsiadm's files of one interface or target must not be written by two at once.
  readonly #lock = new KeyedLock();

  constructor(programs: HostPrograms, log: Logger) {
    this.#programs = programs;
    this.#log = log;
  }

  /** All sessions of the machine, whoever made them. */
  async sessions(): Promise<readonly Session[]> {
    const { code, stdout, stderr } = await this.#programs.run(iscsiadm.sessions());
    const { outcome, text } = meaningOf('sessions', code);
    if (outcome === 'done') return code === 0 ? parseSessions(stdout) : [];
    throw new CsiError('UNAVAILABLE', `the iSCSI sessions cannot be listed: ${text} ${stderr}`);
  }

  /** Makes sessions with those portals that have none. Returns the portals that could not be reached. */
  async login(portals: readonly Portal[], initiator: string | undefined): Promise<readonly DownPortal[]> {
    const present = await this.sessions();
    const missing = portals.filter((portal) => !present.some((session) => isSessionOf(session, portal)));
    if (missing.length === 0) return [];
    await this.#lock.run(INTERFACE, () => this.#ensureInterface(initiator));
    const results = await Promise.all(
      missing.map((portal) => this.#lock.run(portal.address, () => this.#join(portal))),
    );
    return results.filter((result) => result !== undefined);
  }

  /** Ends the sessions with the portals and forgets the target. Succeeds when there are none. */
  async logout(portals: readonly Portal[]): Promise<void> {
    for (const portal of portals) await this.#demand('logout', iscsiadm.logout(portal));
    for (const portal of portals) await this.#demand('forget', iscsiadm.forget(portal));
  }

  /** Asks the targets for the size of their disks. A portal that is down is no failure: the others tell. */
  async rescan(portals: readonly Portal[]): Promise<void> {
    for (const portal of portals) await this.#programs.run(iscsiadm.rescan(portal));
  }

  async #demand(action: IscsiAction, command: Command): Promise<void> {
    const { code, stderr } = await this.#programs.run(command);
    const { outcome, text } = meaningOf(action, code);
    if (outcome === 'done') return;
    const retry = outcome === 'refused' ? 'INTERNAL' : 'UNAVAILABLE';
    throw new CsiError(retry, `iSCSI ${action}: ${text} ${stderr}`);
  }

  async #join(portal: Portal): Promise<DownPortal | undefined> {
    const steps: readonly (readonly [IscsiAction, Command])[] = [
      ['discover', iscsiadm.discover(portal)],
      ['login', iscsiadm.login(portal)],
    ];
    for (const [action, command] of steps) {
      if (action === 'login') {
        await this.#programs.demand(iscsiadm.remember(portal));
        await this.#programs.run(iscsiadm.startByHand(portal));
      }
      const { code, stderr } = await this.#programs.run(command);
      const { outcome, text } = meaningOf(action, code);
      if (outcome === 'done') continue;
      const down = { portal, outcome, text: `${action} at ${portal.address}: ${text} ${stderr}`.trim() };
      this.#log.warn('portal is down', { portal: portal.address, target: portal.iqn, reason: down.text });
      return down;
    }
    return undefined;
  }

  async #ensureInterface(initiator: string | undefined): Promise<void> {
    const shown = await this.#programs.run(iscsiadm.showInterface(INTERFACE));
    if (shown.code !== 0) await this.#programs.demand(iscsiadm.newInterface());
    // Without a name of its own the interface takes that of the host's /etc/iscsi/initiatorname.iscsi.
    if (initiator === undefined) return;
    const base = parseInterface((await this.#programs.run(iscsiadm.showInterface('default'))).stdout);
    const present = parseInterface(shown.code === 0 ? shown.stdout : '');
    for (const [key, value] of interfaceChanges(present, { base, initiator })) {
      await this.#programs.demand(iscsiadm.setInterface(key, value));
    }
  }
}

/** Why no path works, as the caller is to see it. */
export function noPathError(volume: string, down: readonly DownPortal[]): CsiError {
  const texts = down.map(({ text }) => text).join('; ');
  const isFinal = down.length > 0 && down.every(({ outcome }) => outcome === 'refused');
  return new CsiError(isFinal ? 'INTERNAL' : 'UNAVAILABLE', `${volume}: no portal can be reached: ${texts}`);
}
