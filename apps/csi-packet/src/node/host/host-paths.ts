// Where things are on the host, seen from this process: in a container the host's root is mounted somewhere. Pure.
import path from 'node:path';

/** Paths of the host. */
export interface HostPaths {
  /** Folder of links to iSCSI disks by portal and target. */
  readonly byPath: string;
  readonly mapper: string;
  readonly bindings: string;
  readonly initiatorName: string;
  readonly multipathConf: string;
}

/** `root` is the host's root folder as this process sees it. */
export function hostPaths(root: string): HostPaths {
  const at = (...parts: string[]): string => path.join(root, ...parts);
  return {
    byPath: at('dev/disk/by-path'),
    mapper: at('dev/mapper'),
    bindings: at('etc/multipath/bindings'),
    initiatorName: at('etc/iscsi/initiatorname.iscsi'),
    multipathConf: at('etc/multipath.conf'),
  };
}

/** A path as programs of the host see it that are run with the host's root as theirs. */
export function asHostSees(file: string, chroot: string | undefined): string {
  if (chroot === undefined) return file;
  const relative = path.relative(chroot, file);
  return relative.startsWith('..') ? file : `/${relative}`;
}
