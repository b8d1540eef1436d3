// Every command line, written out: a change of one is a change of what happens on somebody's machine.
import { expect, test } from '@jest/globals';
import { describeCommand, disk, fileSystem, iscsiadm, mounting, multipath, scsiId } from './command.ts';
import type { Command } from './command.ts';

const portal = { address: '198.51.100.7', iqn: 'iqn.2013-05.com.example:vol' };
const six = { ...portal, address: '2001:db8::7' };
const node = '-I kubernetescsi0 --mode node --portal 198.51.100.7:3260 --targetname iqn.2013-05.com.example:vol';
const mount = { device: '/dev/dm-3', target: '/staging' };

test.each<readonly [Command, Command['where'], string]>([
  [iscsiadm.version(), 'host', 'iscsiadm --version'],
  [iscsiadm.showInterface('default'), 'host', 'iscsiadm -I default --mode iface -o show'],
  [iscsiadm.newInterface(), 'host', 'iscsiadm -I kubernetescsi0 --mode iface -o new'],
  [
    iscsiadm.setInterface('iface.initiatorname', 'iqn.x'),
    'host',
    'iscsiadm -I kubernetescsi0 --mode iface -o update -n iface.initiatorname -v iqn.x',
  ],
  [
    iscsiadm.discover(portal),
    'host',
    'iscsiadm -I kubernetescsi0 --mode discovery -o nonpersistent --portal 198.51.100.7:3260 --type sendtargets --discover',
  ],
  [
    iscsiadm.discover(six),
    'host',
    'iscsiadm -I kubernetescsi0 --mode discovery -o nonpersistent --portal [2001:db8::7]:3260 --type sendtargets --discover',
  ],
  [iscsiadm.remember(portal), 'host', `iscsiadm ${node} -o new`],
  [iscsiadm.startByHand(portal), 'host', `iscsiadm ${node} -o update -n node.startup -v manual`],
  [iscsiadm.login(portal), 'host', `iscsiadm ${node} --login`],
  [iscsiadm.rescan(portal), 'host', `iscsiadm ${node} --rescan`],
  [iscsiadm.logout(portal), 'host', `iscsiadm ${node} --logout`],
  [iscsiadm.forget(portal), 'host', `iscsiadm ${node} -o delete`],
  [iscsiadm.sessions(), 'host', 'iscsiadm --mode session'],
  [iscsiadm.sessionDetails(), 'host', 'iscsiadm --mode session -P 1'],
  [multipath.version(), 'host', 'multipath -h'],
  [multipath.make('volume-1'), 'host', 'multipath volume-1'],
  [multipath.flush('volume-1'), 'host', 'multipath -f volume-1'],
  [multipath.stopQueueing('volume-1'), 'host', 'dmsetup message volume-1 0 fail_if_no_path'],
  [multipath.resize('volume-1'), 'host', 'multipathd resize map volume-1'],
  [scsiId('/dev/sdb'), 'host', 'scsi_id --whitelisted --replace-whitespace --device=/dev/sdb'],
  [disk.probe('/dev/dm-3'), 'here', 'blkid -p -o export /dev/dm-3'],
  [disk.size('/dev/dm-3'), 'here', 'blockdev --getsize64 /dev/dm-3'],
  [disk.flushBuffers('/dev/dm-3'), 'here', 'blockdev --flushbufs /dev/dm-3'],
  [fileSystem.make('ext4', '/dev/dm-3'), 'here', 'mkfs.ext4 -q -F -m 0 /dev/dm-3'],
  [fileSystem.make('xfs', '/dev/dm-3'), 'here', 'mkfs.xfs -q -f /dev/dm-3'],
  [fileSystem.check('/dev/dm-3'), 'here', 'e2fsck -p /dev/dm-3'],
  [fileSystem.grow('ext4', '/dev/dm-3', '/at'), 'here', 'resize2fs /dev/dm-3'],
  [fileSystem.grow('xfs', '/dev/dm-3', '/at'), 'here', 'xfs_growfs -d /at'],
  [fileSystem.mount('ext4', { ...mount, flags: [] }), 'here', 'mount -t ext4 /dev/dm-3 /staging'],
  [
    fileSystem.mount('xfs', { ...mount, flags: ['noatime', 'discard'] }),
    'here',
    'mount -t xfs -o nouuid,noatime,discard /dev/dm-3 /staging',
  ],
  [mounting.bind('/staging', '/target'), 'here', 'mount --bind /staging /target'],
  [mounting.remount('/target', ['ro', 'noexec']), 'here', 'mount -o remount,bind,ro,noexec /target'],
  [mounting.unmount('/target'), 'here', 'umount /target'],
])('%# %o', (command, where, text) => {
  expect([command.where, describeCommand(command)]).toEqual([where, text]);
  expect(command.timeoutMs).toBeGreaterThan(0);
});
