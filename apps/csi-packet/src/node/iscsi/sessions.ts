// Reads what iscsiadm prints. Pure.
import { isIP } from 'node:net';

/** One session with a target. */
export interface Session {
  /** The portal's IP address. */
  readonly address: string;
  readonly iqn: string;
}

// tcp: [3] 198.51.100.7:3260,1 iqn.2013-05.com.daterainc:tc:01:sn:ee01 (non-flash)
const LINE = /^\w+: \[\d+\] (?:\[([0-9a-f:]+)\]|([\d.]+)):\d+,-?\d+ (\S+)/i;

/** The lines of `iscsiadm --mode session`. */
export function parseSessions(text: string): readonly Session[] {
  return text.split('\n').flatMap((line) => {
    const [, six, four, iqn] = LINE.exec(line.trim()) ?? [];
    const address = six ?? four;
    return address !== undefined && iqn !== undefined ? [{ address, iqn }] : [];
  });
}

/** Whether it is the session of that portal: equal, not alike (10.0.0.1 is not 10.0.0.10). */
export function isSessionOf(
  { address, iqn }: Session,
  portal: { readonly address: string; readonly iqn: string },
): boolean {
  return address === portal.address && iqn === portal.iqn;
}

const NAME_KEY = 'iface.iscsi_ifacename';

/** The settings of an interface as iscsiadm shows them, without those that are not set and without its name. */
export function parseInterface(text: string): ReadonlyMap<string, string> {
  const settings = text.split('\n').flatMap((line): (readonly [string, string])[] => {
    const [, key = '', value = ''] = /^(iface\.\S+) = (.*)$/.exec(line.trim()) ?? [];
    return key === '' || key === NAME_KEY || value === '' || value === '<empty>' ? [] : [[key, value]];
  });
  return new Map(settings);
}

/** What has to be set so that the interface is `wanted` (settings of the default one, with the initiator's name). */
export function interfaceChanges(
  present: ReadonlyMap<string, string>,
  { base, initiator }: { readonly base: ReadonlyMap<string, string>; readonly initiator: string },
): readonly (readonly [key: string, value: string])[] {
  const wanted = new Map([...base, ['iface.initiatorname', initiator]]);
  return [...wanted].filter(([key, value]) => present.get(key) !== value);
}

/** The name of a path's link in /dev/disk/by-path, whole: neither a partition's nor that of a longer address. */
export function isLinkOf(name: string, { address, iqn }: { readonly address: string; readonly iqn: string }): boolean {
  const written = isIP(address) === 6 ? `[${address}]` : address;
  const start = `ip-${written}:3260-iscsi-${iqn}-lun-`;
  return name.startsWith(start) && /^\d+$/.test(name.slice(start.length));
}
