// What a node of the csi-packet spec has in place of iSCSI and multipath, which its kernel lacks: stand-ins that the driver finds where the
// host's own programs are, over loop devices; targets follow the simulated cloud. All of it is seen in the node's mount namespace only.
import { chmod, mkdir, readFile, rmdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import { HostWorld, missingForHostWorld } from '@longshore/csi-packet/testing';
import type { RunningCluster } from '../../cluster.ts';
import { inTree } from './images.ts';

const STAND_IN = inTree('apps/csi-packet/src/test-support/stand-ins/host-program.sh');
const PROGRAMS = ['iscsiadm', 'multipath', 'multipathd', 'dmsetup', 'scsi_id'];
// The machine's /dev is the node's: what the driver and the stand-ins put there goes with the node.
const DEVICE_FOLDERS = ['/dev/disk', '/dev/mapper'];
const ENTER = `
set -e
for name in disk mapper; do mount -t tmpfs tmpfs "/dev/$name"; done
mkdir -p /dev/disk/by-path /run/longshore/etc-upper /run/longshore/etc-work
mount -t overlay -o lowerdir=/etc,upperdir=/run/longshore/etc-upper,workdir=/run/longshore/etc-work overlay /etc
mkdir -p /etc/iscsi /etc/multipath
mount -t overlay -o "lowerdir=$1:/usr/sbin" overlay /usr/sbin
`;

/** Why there can be no such node; `undefined` when there can. */
export const csiHostProblem: () => string | undefined = missingForHostWorld;

/** The stand-ins of a cluster's node. */
export interface CsiHost {
  readonly world: HostWorld;
  stop(): Promise<void>;
}

/** Puts them in place. They end with the node; `stop` removes the disks, after the cluster. */
export async function standInForStorage(cluster: RunningCluster): Promise<CsiHost> {
  const world = await HostWorld.start();
  const made = (await Promise.all(DEVICE_FOLDERS.map((folder) => mkdir(folder, { recursive: true })))).filter(Boolean);
  const programs = path.join(world.folder, 'node-programs');
  await mkdir(programs);
  await Promise.all(PROGRAMS.map((name) => writeStandIn(path.join(programs, name), world)));
  await cluster.nodeExec(['sh', '-c', ENTER, 'sh', programs]);
  return {
    world,
    stop: async () => {
      await world.stop();
      for (const folder of made) await rmdir(folder ?? '').catch(() => {});
    },
  };
}

// The host's programs are started in a pod, whose environment knows nothing of the stand-ins.
async function writeStandIn(file: string, world: HostWorld): Promise<void> {
  const settings = `export LONGSHORE_WORLD='${world.env['LONGSHORE_WORLD']}' LONGSHORE_HOST=''`;
  await writeFile(file, (await readFile(STAND_IN, 'utf8')).replace('\n', `\n${settings}\n`));
  await chmod(file, 0o755);
}
