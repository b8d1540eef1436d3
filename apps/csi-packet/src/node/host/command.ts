// Every command line of the node side, built here and nowhere else. Pure: host-programs.ts runs them. Arguments are lists, never a shell's
// text, so no name or path can become a command.

import type { FILE_SYSTEMS } from '../../volumes/capabilities.ts';

/** A command and what it may take. */
export interface Command {
  readonly program: string;
  readonly args: readonly string[];
  /**
   * `host`: a program that talks to a daemon of the host (iscsid, multipathd, udev) and has to be of the same version, so it is the host's
   * own where the program runs in a container. `here`: one that talks to the kernel only.
   */
  readonly where: 'host' | 'here';
  /** It is killed, with everything that it started, when it takes longer. */
  readonly timeoutMs: number;
}

/** Name of the iSCSI interface that carries the initiator name of the machine; that of the Go program, so its sessions are recognised. */
export const INTERFACE = 'kubernetescsi0';

const QUICK_MS = 10_000;
const LOGIN_MS = 45_000;
const MULTIPATH_MS = 10_000;
const PROBE_MS = 30_000;
const MOUNT_MS = 60_000;
// A journal replay or a check of a large file system takes its time; kubelet repeats its call and joins.
const LONG_MS = 30 * 60_000;

const host = (program: string, args: readonly string[], timeoutMs = QUICK_MS): Command => ({
  program,
  args,
  where: 'host',
  timeoutMs,
});
const here = (program: string, args: readonly string[], timeoutMs = QUICK_MS): Command => ({
  program,
  args,
  where: 'here',
  timeoutMs,
});

/** One portal of a target: `address` is an IP address, the port is always 3260. */
export interface Portal {
  readonly address: string;
  readonly iqn: string;
}

const PORT = 3260;
const portalOf = (address: string): string => (address.includes(':') ? `[${address}]:${PORT}` : `${address}:${PORT}`);
const node = ({ address, iqn }: Portal): readonly string[] => [
  ...['-I', INTERFACE, '--mode', 'node'],
  ...['--portal', portalOf(address), '--targetname', iqn],
];

/** iscsiadm of the host. */
export const iscsiadm = {
  version: (): Command => host('iscsiadm', ['--version']),
  showInterface: (name: string): Command => host('iscsiadm', ['-I', name, '--mode', 'iface', '-o', 'show']),
  newInterface: (): Command => host('iscsiadm', ['-I', INTERFACE, '--mode', 'iface', '-o', 'new']),
  setInterface: (key: string, value: string): Command =>
    host('iscsiadm', ['-I', INTERFACE, '--mode', 'iface', '-o', 'update', '-n', key, '-v', value]),
  // Only looks: stored, the answer would leave records of all targets that the portal shows, which nobody would ever delete.
  discover: ({ address }: Portal): Command =>
    host(
      'iscsiadm',
      [
        ...['-I', INTERFACE, '--mode', 'discovery', '-o', 'nonpersistent'],
        ...['--portal', portalOf(address), '--type', 'sendtargets', '--discover'],
      ],
      LOGIN_MS,
    ),
  remember: (portal: Portal): Command => host('iscsiadm', [...node(portal), '-o', 'new']),
  sessions: (): Command => host('iscsiadm', ['--mode', 'session']),
  // With the interface of each.
  sessionDetails: (): Command => host('iscsiadm', ['--mode', 'session', '-P', '1']),
  // A reboot must not log in to targets of pods that are no longer here.
  startByHand: (portal: Portal): Command =>
    host('iscsiadm', [...node(portal), '-o', 'update', '-n', 'node.startup', '-v', 'manual']),
  login: (portal: Portal): Command => host('iscsiadm', [...node(portal), '--login'], LOGIN_MS),
  rescan: (portal: Portal): Command => host('iscsiadm', [...node(portal), '--rescan'], LOGIN_MS),
  logout: (portal: Portal): Command => host('iscsiadm', [...node(portal), '--logout'], LOGIN_MS),
  forget: (portal: Portal): Command => host('iscsiadm', [...node(portal), '-o', 'delete']),
};

/** multipath and multipathd of the host. `map` is the name under /dev/mapper, which is the volume's name. */
export const multipath = {
  version: (): Command => host('multipath', ['-h'], MULTIPATH_MS),
  make: (map: string): Command => host('multipath', [map], MULTIPATH_MS),
  flush: (map: string): Command => host('multipath', ['-f', map], MULTIPATH_MS),
  // Writes that wait for a path that never comes back fail from now on, instead of keeping the map busy for ever.
  stopQueueing: (map: string): Command => host('dmsetup', ['message', map, '0', 'fail_if_no_path'], MULTIPATH_MS),
  resize: (map: string): Command => host('multipathd', ['resize', 'map', map], MULTIPATH_MS),
};

/** What the SCSI disk says of itself. Lives in udev's folder, which HostPrograms adds to the search path. */
export const scsiId = (device: string): Command =>
  host('scsi_id', ['--whitelisted', '--replace-whitespace', `--device=${device}`]);

/** Looks at disks, none writes. `-p` reads the disk itself: udev's notes may be missing or old. */
export const disk = {
  probe: (device: string): Command => here('blkid', ['-p', '-o', 'export', device], PROBE_MS),
  size: (device: string): Command => here('blockdev', ['--getsize64', device]),
  flushBuffers: (device: string): Command => here('blockdev', ['--flushbufs', device], MOUNT_MS),
};

/** File systems that can be made. */
export type FileSystem = (typeof FILE_SYSTEMS)[number];

const isExt = (fileSystem: string): boolean => fileSystem.startsWith('ext');

/** Makes, checks, grows and mounts file systems. */
export const fileSystem = {
  // Forced, because whether anything is on the disk was found out before, by better means than mkfs has.
  make: (kind: FileSystem, device: string): Command =>
    here(`mkfs.${kind}`, isExt(kind) ? ['-q', '-F', '-m', '0', device] : ['-q', '-f', device], LONG_MS),
  // Repairs what is safe to repair without asking. Ext only: xfs replays its log at the mount.
  check: (device: string): Command => here('e2fsck', ['-p', device], LONG_MS),
  grow: (kind: string, device: string, mountPoint: string): Command =>
    isExt(kind) ? here('resize2fs', [device], LONG_MS) : here('xfs_growfs', ['-d', mountPoint], LONG_MS),
  // A volume that was made from another one or its snapshot has the same UUID, for which xfs would refuse it beside the first one.
  mount: (kind: string, { device, target, flags }: MountWish): Command =>
    here('mount', ['-t', kind, ...optionsOf(kind === 'xfs' ? ['nouuid', ...flags] : flags), device, target], MOUNT_MS),
};

/** What to mount where. */
export interface MountWish {
  readonly device: string;
  readonly target: string;
  readonly flags: readonly string[];
}

/** Bind mounts, and the end of any mount. */
export const mounting = {
  bind: (source: string, target: string): Command => here('mount', ['--bind', source, target], MOUNT_MS),
  // A bind mount takes over nothing but the tree: read-only and flags of its own need a second call.
  remount: (target: string, flags: readonly string[]): Command =>
    here('mount', ['-o', ['remount', 'bind', ...flags].join(','), target], MOUNT_MS),
  unmount: (target: string): Command => here('umount', [target], MOUNT_MS),
};

function optionsOf(flags: readonly string[]): readonly string[] {
  return flags.length > 0 ? ['-o', flags.join(',')] : [];
}

/** For logs and messages. */
export function describeCommand({ program, args }: Command): string {
  return [program, ...args].join(' ');
}
