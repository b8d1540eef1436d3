// Small readings of files and devices.
import { readFile, realpath, stat } from 'node:fs/promises';
import type { Stats } from 'node:fs';

/** Whether an error says that a file is not there. */
export function isMissing(error: unknown): boolean {
  const { code } = (error ?? {}) as { readonly code?: unknown };
  return code === 'ENOENT' || code === 'ENOTDIR';
}

/** The text of a file; '' where there is none. */
export async function readText(file: string): Promise<string> {
  return readFile(file, 'utf8').catch((error: unknown) => {
    if (isMissing(error)) return '';
    throw error;
  });
}

/** What is at the path; `undefined` when nothing is. */
export async function statOf(file: string): Promise<Stats | undefined> {
  return stat(file).catch((error: unknown) => {
    if (isMissing(error)) return undefined;
    throw error;
  });
}

/** A block device: its node, whatever link led to it, and its number. */
export interface BlockDevice {
  readonly path: string;
  /** `major:minor`, as the table of mounts writes it. */
  readonly number: string;
}

/** The block device that a path leads to; `undefined` when there is none, or when it is no block device. */
export async function blockDeviceAt(file: string): Promise<BlockDevice | undefined> {
  const found = await statOf(file);
  if (found === undefined || !found.isBlockDevice()) return undefined;
  return { path: await realpath(file), number: deviceNumber(found.rdev) };
}

/** `major:minor` of a device number as stat gives it (glibc's makedev). */
export function deviceNumber(rdev: number): string {
  const wide = BigInt(rdev);
  const major = ((wide >> 8n) & 0xfffn) | ((wide >> 32n) & ~0xfffn);
  const minor = (wide & 0xffn) | ((wide >> 12n) & ~0xffn & 0xffffffffn);
  return `${major}:${minor}`;
}
