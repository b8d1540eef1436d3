// Reads /proc/self/mountinfo. Pure. Mounts are compared by device number and root, never by the name that somebody typed.
import { basename, join, relative } from 'node:path';

/** One mount, in the order in which they were made. */
export interface Mount {
  /** `major:minor` of the mounted file system. */
  readonly device: string;
  /** The directory or file of the file system that is seen: `/` for a whole one. */
  readonly root: string;
  readonly mountPoint: string;
  /** Options of this mount: `rw`, `ro`, `noatime`. */
  readonly options: readonly string[];
  readonly fileSystem: string;
  /** What was mounted, as the kernel writes it: `/dev/mapper/volume-0f3a9c11`. */
  readonly source: string;
}

/** All mounts. */
export function parseMountInfo(text: string): readonly Mount[] {
  return text.split('\n').flatMap((line) => {
    const [left = '', right = ''] = line.split(' - ');
    const [, , device, root, mountPoint, options] = left.split(' ');
    const [fileSystem = '', source = ''] = right.split(' ');
    if (device === undefined || root === undefined || mountPoint === undefined || options === undefined) return [];
    return [
      {
        device,
        root: unescape(root),
        mountPoint: unescape(mountPoint),
        options: options.split(','),
        fileSystem,
        source: unescape(source),
      },
    ];
  });
}

// The kernel writes blanks, tabs, line feeds and backslashes as octal numbers.
function unescape(text: string): string {
  return text.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
}

/** What is mounted at the path, the one on top last. */
export function mountsAt(mounts: readonly Mount[], path: string): readonly Mount[] {
  return mounts.filter(({ mountPoint }) => mountPoint === path);
}

/**
 * The mounts without those that are only seen a second time below `hostRoot`, where the host's root folder is mounted into the container:
 * kubelet's folder is mounted by itself as well. What is mounted on the host alone stays.
 */
export function withoutHostViews(mounts: readonly Mount[], hostRoot: string): readonly Mount[] {
  const below = `${hostRoot.replace(/\/+$/, '')}/`;
  if (below === '/') return mounts;
  const own = new Set(mounts.map(({ device, mountPoint }) => `${device} ${mountPoint}`));
  return mounts.filter(
    ({ device, mountPoint }) =>
      !mountPoint.startsWith(below) || !own.has(`${device} /${mountPoint.slice(below.length)}`),
  );
}

/**
 * Where a mount point is on the file system that it stands on, as `8:1 /var/lib/kubelet/x`: a folder that is mounted into the container in two
 * places shows what is mounted in it twice, and both are the same.
 */
export function standingPlace(mounts: readonly Mount[], mountPoint: string): string {
  let found: Mount | undefined;
  for (const mount of mounts) {
    const isAbove = mount.mountPoint !== mountPoint && isBelow(mountPoint, mount.mountPoint);
    if (isAbove && mount.mountPoint.length >= (found?.mountPoint.length ?? 0)) found = mount;
  }
  return found ? `${found.device} ${join(found.root, relative(found.mountPoint, mountPoint))}` : mountPoint;
}

function isBelow(path: string, folder: string): boolean {
  return path.startsWith(folder.endsWith('/') ? folder : `${folder}/`);
}

/** Where else the file system of that device is mounted, or its device node bound. */
export function mountsOf(mounts: readonly Mount[], { device, nodes }: DeviceNames): readonly Mount[] {
  return mounts.filter((mount) => mount.device === device || (isDeviceFolder(mount) && nodes.includes(mount.root)));
}

/** How a device shows in the table. */
export interface DeviceNames {
  /** `major:minor`. */
  readonly device: string;
  /** Its nodes below /dev, as the root of a bind mount: `/dm-3`, `/mapper/volume-0f3a9c11`. */
  readonly nodes: readonly string[];
}

/** The nodes of a device, of which `path` may be a map's or one disk's. */
export function nodesOf(path: string | undefined, mapName: string): readonly string[] {
  return [`/mapper/${mapName}`, ...(path === undefined ? [] : [`/${basename(path)}`])];
}

function isDeviceFolder({ fileSystem }: Mount): boolean {
  return fileSystem === 'devtmpfs' || fileSystem === 'tmpfs';
}
