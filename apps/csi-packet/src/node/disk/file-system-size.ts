// How large a file system is, by its superblock, and whether the disk has room for more. Pure.
import { isSuperblock } from './places.ts';

/** What the start of a disk says; other file systems are none that we make. */
export interface FileSystemSize {
  readonly family: 'ext' | 'xfs';
  readonly bytes: number;
}

/** As many bytes of the start of a disk as `parseFileSystemSize` needs. */
export const SUPERBLOCK_END = 4096;

// The cloud counts in whole GiB. Less than this is what a file system leaves unused because it counts in groups of blocks.
const WORTH_GROWING = 512 * 1024 ** 2;

const EXT_AT = 1024;
const EXT_64BIT = 0x80;

/** Reads the superblock; `undefined` where there is none of ours. */
export function parseFileSystemSize(start: Buffer): FileSystemSize | undefined {
  if (isSuperblock('xfs', start)) {
    return { family: 'xfs', bytes: Number(start.readBigUInt64BE(8)) * start.readUInt32BE(4) };
  }
  const ext = start.subarray(EXT_AT);
  if (!isSuperblock('ext', ext)) return undefined;
  const high = (ext.readUInt32LE(0x60) & EXT_64BIT) === 0 ? 0 : ext.readUInt32LE(0x150);
  const blocks = high * 2 ** 32 + ext.readUInt32LE(4);
  return { family: 'ext', bytes: blocks * 1024 * 2 ** ext.readUInt32LE(0x18) };
}

/** Whether the file system should be made larger. */
export function isOutgrown({ bytes }: FileSystemSize, diskBytes: number): boolean {
  return diskBytes - bytes >= WORTH_GROWING;
}
