// Names for what blkid finds. Pure.

const NAMES: Readonly<Record<string, string>> = {
  LVM2_member: 'an LVM physical volume',
  LVM1_member: 'an LVM physical volume',
  crypto_LUKS: 'a LUKS encrypted volume',
  swap: 'swap space',
  swsuspend: 'a suspended system',
  zfs_member: 'a part of a ZFS pool',
  linux_raid_member: 'a part of a Linux RAID',
  ceph_bluestore: 'a Ceph store',
};
const TABLES: Readonly<Record<string, string>> = { gpt: 'a GPT partition table', dos: 'an MBR partition table' };

/** What a signature that is no file system stands for; `undefined` when there is none. */
export function messageOfContent(signature: ReadonlyMap<string, string>): string | undefined {
  const type = signature.get('TYPE');
  if (type !== undefined) return NAMES[type] ?? `data of type ${type}`;
  const table = signature.get('PTTYPE');
  if (table !== undefined) return TABLES[table] ?? `a ${table} partition table`;
  return undefined;
}

/** The lines `KEY=value` of `blkid -o export`. */
export function parseSignature(text: string): ReadonlyMap<string, string> {
  const entries = text.split('\n').flatMap((line): (readonly [string, string])[] => {
    const at = line.indexOf('=');
    const key = line.slice(0, Math.max(at, 0));
    return key === '' || key === 'DEVNAME' ? [] : [[key, line.slice(at + 1).trim()]];
  });
  return new Map(entries);
}
