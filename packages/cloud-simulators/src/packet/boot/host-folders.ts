// What of this host a machine sees: the folders that it gets as overlays, and the mounts below them that hold programs it needs.
import { existsSync, lstatSync, readFileSync, realpathSync } from 'node:fs';
import type { HostFolders } from './set-up-plan.ts';
import { PRIVATE_ROOTS } from './set-up-plan.ts';

/** Looks at this host; `programs` are the files that machines run, or folders in which those are (to be). */
export function hostFolders(programs: readonly string[]): HostFolders {
  const roots = PRIVATE_ROOTS.filter(
    (name) => lstatSync(`/${name}`, { throwIfNoEntry: false })?.isDirectory() === true,
  );
  const mounts = mountPointsIn(readFileSync('/proc/self/mountinfo', 'utf8'));
  return {
    roots,
    mounts: neededMounts(programs.map(realPath), { mounts, roots }),
  };
}

// What is not there yet will be where it is said to be.
function realPath(path: string): string {
  return existsSync(path) ? realpathSync(path) : path;
}

/** Mount points of /proc/self/mountinfo. */
export function mountPointsIn(mountinfo: string): readonly string[] {
  const fields = mountinfo.split('\n').map((line) => line.split(' ')[4] ?? '');
  return fields
    .filter((path) => path !== '')
    .map((path) => path.replace(/\\(\d{3})/g, (_all, code: string) => String.fromCharCode(parseInt(code, 8))));
}

/** Of all mounts those that hold a program and that an overlay would hide. Others stay hidden: a machine has no business there. */
export function neededMounts(
  programs: readonly string[],
  { mounts, roots }: { readonly mounts: readonly string[]; readonly roots: readonly string[] },
): readonly string[] {
  const nearest = programs.map((program) => {
    const above = mounts.filter((mount) => program.startsWith(mount === '/' ? mount : `${mount}/`));
    return above.sort((a, b) => b.length - a.length)[0] ?? '/';
  });
  return [...new Set(nearest)].filter((mount) => roots.some((root) => mount.startsWith(`/${root}/`)));
}
