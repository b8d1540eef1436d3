// A host as the node side sees it, in a temporary folder: targets behind loop devices, stand-ins for the programs that would need iSCSI and
// multipath in the kernel, and a metadata service. mkfs, mount, blkid and the rest are the real ones. Needs root and loop devices.
import { execFileSync, spawnSync } from 'node:child_process';
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { PacketSimulator } from '@longshore/cloud-simulators';
import { parseMountInfo } from '../node/mounts/mount-table.ts';

const SCRIPT = fileURLToPath(new URL('stand-ins/host-program.sh', import.meta.url));
const COUNTING = fileURLToPath(new URL('stand-ins/counted-program.sh', import.meta.url));
// Those that the driver calls and that are real.
const REAL = [
  'mkfs.ext4',
  'mkfs.ext3',
  'mkfs.xfs',
  'blkid',
  'e2fsck',
  'resize2fs',
  'xfs_growfs',
  'mount',
  'umount',
  'blockdev',
];
const PROGRAMS = ['iscsiadm', 'multipath', 'multipathd', 'dmsetup', 'scsi_id'];
const TOOLS = [
  'losetup',
  'mkfs.ext4',
  'mkfs.xfs',
  'blkid',
  'e2fsck',
  'resize2fs',
  'xfs_growfs',
  'mount',
  'umount',
  'flock',
];
export const GIB = 1024 ** 3;

/** What is missing on this machine; `undefined`: such worlds can be made. */
export function missingForHostWorld(): string | undefined {
  if (process.platform !== 'linux' || process.getuid?.() !== 0) return 'needs Linux and root';
  const missing = TOOLS.filter((tool) => spawnSync('which', [tool]).status !== 0);
  if (missing.length > 0) return `needs ${missing.join(', ')}`;
  return spawnSync('losetup', ['--find']).status === 0 ? undefined : 'needs loop devices';
}

/** A volume that the world offers. */
export interface Target {
  readonly volumeId: string;
  readonly volumeName: string;
  readonly iqn: string;
  readonly portals: readonly string[];
  /** What the controller would say. */
  readonly publishContext: Record<string, string>;
}

/** The host. */
export class HostWorld {
  readonly folder = mkdtempSync(join(tmpdir(), 'longshore-host-'));
  readonly root = join(this.folder, 'root');
  readonly kubelet = join(this.folder, 'kubelet');
  readonly nodeId = '00000000-0000-4000-8000-0000000000d1';
  metadataUrl = '';
  #following: NodeJS.Timeout | undefined;
  readonly #world = join(this.folder, 'world');
  readonly #metadata = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url !== '/metadata') response.statusCode = 404;
    response.end(JSON.stringify(this.metadata));
  });
  metadata: object = {
    id: this.nodeId,
    hostname: 'worker-1',
    iqn: 'iqn.2013-05.com.example:worker-1',
    facility: 'ewr1',
    volumes: [],
  };
  #volumes = 0;

  /** Makes the folders and starts the metadata service. */
  static async start(): Promise<HostWorld> {
    const world = new HostWorld();
    for (const folder of ['targets', 'disks', 'loops', 'ifaces', 'nodes', 'sessions', 'faults']) {
      mkdirSync(join(world.#world, folder), { recursive: true });
    }
    for (const folder of ['dev/disk/by-path', 'dev/mapper', 'etc/multipath', 'etc/iscsi']) {
      mkdirSync(join(world.root, folder), { recursive: true });
    }
    const bin = join(world.folder, 'bin');
    mkdirSync(bin);
    chmodSync(SCRIPT, 0o755);
    for (const program of PROGRAMS) symlinkSync(SCRIPT, join(bin, program));
    const counted = join(world.folder, 'counted');
    mkdirSync(counted);
    for (const program of [...PROGRAMS, ...REAL]) symlinkSync(COUNTING, join(counted, program));
    await new Promise<void>((resolve) => world.#metadata.listen(0, '127.0.0.1', resolve));
    world.metadataUrl = `http://127.0.0.1:${(world.#metadata.address() as AddressInfo).port}`;
    return world;
  }

  /** For the driver's process. */
  get env(): Record<string, string> {
    return {
      PATH: `${join(this.folder, 'bin')}:${process.env['PATH'] ?? ''}`,
      LONGSHORE_WORLD: this.#world,
      LONGSHORE_HOST: this.root,
      PACKET_METADATA_URL: this.metadataUrl,
    };
  }

  /** The same with every command counted, for `killAfter`. */
  get countedEnv(): Record<string, string> {
    return { ...this.env, PATH: `${join(this.folder, 'counted')}:${this.env['PATH'] ?? ''}` };
  }

  /** Commands that ended since the last call; counting starts anew. */
  takeSteps(): number {
    const file = join(this.#world, 'steps');
    const steps = existsSync(file) ? Number(readFileSync(file, 'utf8')) : 0;
    rmSync(file, { force: true });
    return steps;
  }

  /** The driver is killed after that many commands; `undefined`: never. */
  killAfter(step: number | undefined): void {
    this.takeSteps();
    const file = join(this.#world, 'kill-after');
    if (step === undefined) rmSync(file, { force: true });
    else writeFileSync(file, String(step));
  }

  /** For the driver's command line. */
  get flags(): readonly string[] {
    return [
      `--host-root=${this.root}`,
      '--host-programs=direct',
      `--state-dir=${join(this.folder, 'state')}`,
      '--device-timeout=3',
    ];
  }

  /** Makes a target. Its disk is blank unless `prepare` writes to it. */
  addTarget(options: { readonly sizeBytes?: number; readonly prepare?: (image: string) => void } = {}): Target {
    this.#volumes += 1;
    const digits = String(this.#volumes).padStart(8, '0');
    const volumeId = `${digits}-0000-4000-8000-000000000000`;
    const volumeName = `volume-${digits}`;
    const iqn = `iqn.2013-05.com.example:tc:01:sn:${digits}`;
    const portals = ['198.18.0.11', '198.18.0.12'];
    const sizeBytes = options.sizeBytes ?? GIB / 2;
    this.resizeTarget(iqn, sizeBytes, portals);
    if (options.prepare !== undefined) {
      execFileSync('truncate', ['-s', String(sizeBytes), this.imageOf(iqn)]);
      options.prepare(this.imageOf(iqn));
    }
    const publishContext = {
      AttachmentId: `a-${digits}`,
      VolumeId: volumeId,
      VolumeName: volumeName,
      Portals: portals.join(','),
      IQN: iqn,
    };
    return { volumeId, volumeName, iqn, portals, publishContext };
  }

  /** Sets what the target is; sessions see a new size after a rescan. */
  resizeTarget(iqn: string, sizeBytes: number, portals: readonly string[] = ['198.18.0.11', '198.18.0.12']): void {
    const folder = join(this.#world, 'targets', iqn);
    mkdirSync(folder, { recursive: true });
    writeFileSync(join(folder, 'size'), String(sizeBytes));
    writeFileSync(join(folder, 'portals'), `${portals.join('\n')}\n`);
  }

  /** From now on the targets are the volumes that are attached to the device in the simulated cloud, and it knows who is logged in. */
  follow(cloud: PacketSimulator, hostname: string): void {
    this.metadataUrl = cloud.metadata.urlOf(hostname);
    writeFileSync(join(this.#world, 'follows-cloud'), '');
    this.#following = setInterval(() => this.#look(cloud, hostname), 20);
  }

  #look(cloud: PacketSimulator, hostname: string): void {
    const { attachments, devices, volumes } = cloud.state;
    const device = [...devices.values()].find((one) => one.hostname === hostname);
    const here = new Set(
      [...attachments.values()]
        .filter((one) => one.device.href.endsWith(`/${device?.id}`))
        .map((one) => one.volume.href.split('/').at(-1)),
    );
    const sessions = this.list('sessions');
    for (const volume of volumes.values()) {
      const { iqn = '', ips = [] } = volume.access ?? {};
      if (here.has(volume.id)) this.resizeTarget(iqn, volume.size * GIB, ips);
      else this.removeTarget(iqn);
      cloud.setVolumeInUse(
        volume.id,
        sessions.some((session) => session.endsWith(`,${iqn}`)),
      );
    }
  }

  removeTarget(iqn: string): void {
    rmSync(join(this.#world, 'targets', iqn), { recursive: true, force: true });
  }

  /** The file behind the target's disk. */
  imageOf(iqn: string): string {
    return join(this.#world, 'disks', `${iqn}.img`);
  }

  /** Makes calls fail: `hang` or an exit code; absent: works again. See host-program.sh for the names. */
  setFault(name: string, what?: 'hang' | number): void {
    const file = join(this.#world, 'faults', name);
    if (what === undefined) rmSync(file, { force: true });
    else writeFileSync(file, String(what));
  }

  /** The stand-ins' command lines since the last call. */
  takeCommands(): readonly string[] {
    const file = join(this.#world, 'commands.log');
    const lines = existsSync(file) ? readFileSync(file, 'utf8').split('\n').filter(Boolean) : [];
    rmSync(file, { force: true });
    return lines;
  }

  /** Names in a folder of the stand-ins' database: `sessions`, `nodes`, `loops`. */
  list(folder: 'sessions' | 'nodes' | 'loops'): readonly string[] {
    return readdirSync(join(this.#world, folder)).sort();
  }

  /** Names below /dev/mapper of the host. */
  maps(): readonly string[] {
    return readdirSync(join(this.root, 'dev/mapper')).sort();
  }

  get bindings(): string {
    const file = join(this.root, 'etc/multipath/bindings');
    return existsSync(file) ? readFileSync(file, 'utf8') : '';
  }

  stagingPath(volumeId: string): string {
    return join(this.kubelet, 'plugins', volumeId, 'globalmount');
  }

  targetPath(volumeId: string, pod = 'pod-1'): string {
    return join(this.kubelet, 'pods', pod, volumeId, 'mount');
  }

  /** Mount points below the world's folder. */
  mountPoints(): readonly string[] {
    return parseMountInfo(readFileSync('/proc/self/mountinfo', 'utf8'))
      .map(({ mountPoint }) => mountPoint)
      .filter((mountPoint) => mountPoint.startsWith(this.folder));
  }

  /** Nothing is left: mounts, loop devices, files. */
  async stop(): Promise<void> {
    clearInterval(this.#following);
    for (const mountPoint of [...this.mountPoints()].reverse()) spawnSync('umount', ['-l', mountPoint]);
    const loops = spawnSync('losetup', ['-a', '-n', '-O', 'NAME,BACK-FILE'], { encoding: 'utf8' }).stdout;
    for (const line of loops.split('\n').filter((text) => text.includes(this.folder))) {
      spawnSync('losetup', ['-d', line.split(' ')[0] ?? '']);
    }
    this.#metadata.closeAllConnections();
    await new Promise((resolve) => this.#metadata.close(resolve));
    rmSync(this.folder, { recursive: true, force: true });
  }
}
