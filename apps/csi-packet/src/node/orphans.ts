// Which iSCSI sessions nobody needs any more. Pure. Only sessions over our own interface are looked at: others belong to the machine's owner.
import { INTERFACE } from './host/command.ts';
import type { VolumeRecord } from './volume-record.ts';

/** A session over our interface. */
export interface OwnSession {
  readonly iqn: string;
  readonly address: string;
}

/** A target without a volume. */
export interface OrphanTarget {
  readonly iqn: string;
  readonly portals: readonly string[];
}

/** The sessions over our interface in the text of `iscsiadm --mode session -P 1`. */
export function ownSessions(text: string): readonly OwnSession[] {
  const sessions: OwnSession[] = [];
  let iqn = '';
  let address = '';
  for (const line of text.split('\n').map((written) => written.trim())) {
    const [, target] = /^Target: (\S+)/.exec(line) ?? [];
    const [, six, four] = /^Persistent Portal: (?:\[([0-9a-f:]+)\]|([\d.]+)):/i.exec(line) ?? [];
    if (target !== undefined) iqn = target;
    address = six ?? four ?? address;
    if (line === `Iface Name: ${INTERFACE}`) sessions.push({ iqn, address });
  }
  return sessions;
}

/** Targets with sessions and without a record. */
export function pickOrphans(
  sessions: readonly OwnSession[],
  records: readonly Pick<VolumeRecord, 'iqn'>[],
): readonly OrphanTarget[] {
  const needed = new Set(records.map(({ iqn }) => iqn));
  const targets = new Set(sessions.map(({ iqn }) => iqn).filter((iqn) => !needed.has(iqn)));
  return [...targets].map((iqn) => ({
    iqn,
    portals: sessions.filter((session) => session.iqn === iqn).map(({ address }) => address),
  }));
}
