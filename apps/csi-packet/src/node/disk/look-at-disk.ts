// Collects the evidence for verdict.ts. Writes nothing. A disk that cannot be read is an error and never a blank disk.
import { open } from 'node:fs/promises';
import type { FileHandle } from 'node:fs/promises';
import { CsiError } from '../../server/csi-error.ts';
import { disk } from '../host/command.ts';
import { failureOf } from '../host/host-programs.ts';
import type { HostPrograms } from '../host/host-programs.ts';
import { parseSignature } from './content-names.ts';
import { parseFileSystemSize, SUPERBLOCK_END } from './file-system-size.ts';
import type { FileSystemSize } from './file-system-size.ts';
import { isSuperblock, placesToRead, superblockPlaces } from './places.ts';
import type { Place } from './places.ts';
import type { DiskEvidence } from './verdict.ts';

const NOTHING_FOUND = 2;
const AMBIGUOUS = 8;
const LARGEST_PLACE = 1024 * 1024;
// As many threads as Node reads files with.
const AT_ONCE = 4;
const ZEROS = Buffer.alloc(LARGEST_PLACE);

/** Reads the disk at `device`. `expectedBytes`: the size that it has to have, where that is known. */
export async function lookAtDisk(
  programs: HostPrograms,
  device: string,
  expectedBytes?: number,
): Promise<DiskEvidence> {
  const sizeBytes = await sizeOfDisk(programs, device);
  if (expectedBytes !== undefined && sizeBytes < expectedBytes) {
    const message = `${device} has ${sizeBytes} bytes and not the ${expectedBytes} of the volume: it is not the volume's disk, or not yet`;
    throw new CsiError('UNAVAILABLE', message);
  }
  const probe = await programs.run(disk.probe(device));
  if (probe.code !== 0 && probe.code !== NOTHING_FOUND && probe.code !== AMBIGUOUS) {
    throw failureOf(disk.probe(device), probe);
  }
  const signature = probe.code === 0 ? parseSignature(probe.stdout) : new Map<string, string>();
  const found = { sizeBytes, signature, isAmbiguous: probe.code === AMBIGUOUS };
  // What has a signature is not blank: no need to read on.
  if (probe.code !== NOTHING_FOUND) return { ...found, firstContentAt: undefined, remains: undefined };
  return { ...found, ...(await readPlaces(device, sizeBytes)) };
}

/** In bytes, asked of the kernel. */
export async function sizeOfDisk(programs: HostPrograms, device: string): Promise<number> {
  const size = Number((await programs.demand(disk.size(device))).trim());
  if (Number.isSafeInteger(size) && size > 0) return size;
  throw new CsiError('UNAVAILABLE', `${device} has no size yet`);
}

/** Of the file system on the device; `undefined` when it is none of ours. */
export async function sizeOfFileSystem(device: string): Promise<FileSystemSize | undefined> {
  const handle = await open(device, 'r');
  try {
    const start = Buffer.alloc(SUPERBLOCK_END);
    await readFully(handle, start, 0);
    return parseFileSystemSize(start);
  } finally {
    await handle.close();
  }
}

async function readPlaces(
  device: string,
  sizeBytes: number,
): Promise<Pick<DiskEvidence, 'firstContentAt' | 'remains'>> {
  let handle: FileHandle | undefined;
  try {
    handle = await open(device, 'r');
    const firstContentAt = await firstContent(handle, sizeBytes);
    // Copies of a superblock are content too: looking for them only gives it a name.
    return { firstContentAt, remains: firstContentAt === undefined ? undefined : await remainsOn(handle, sizeBytes) };
  } catch (error) {
    throw new CsiError('UNAVAILABLE', `${device} cannot be read: ${(error as Error).message}`, { cause: error });
  } finally {
    await handle?.close();
  }
}

async function firstContent(handle: FileHandle, sizeBytes: number): Promise<number | undefined> {
  const places = placesToRead(sizeBytes);
  const buffers = Array.from({ length: AT_ONCE }, () => Buffer.alloc(LARGEST_PLACE));
  for (let next = 0; next < places.length; next += AT_ONCE) {
    const batch = places.slice(next, next + AT_ONCE);
    const found = await Promise.all(batch.map((place, at) => contentAt(handle, place, buffers[at])));
    const first = found.find((at) => at !== undefined);
    if (first !== undefined) return first;
  }
  return undefined;
}

async function contentAt(
  handle: FileHandle,
  { at, length }: Place,
  buffer = Buffer.alloc(length),
): Promise<number | undefined> {
  const bytes = buffer.subarray(0, length);
  await readFully(handle, bytes, at);
  if (bytes.compare(ZEROS, 0, length) === 0) return undefined;
  return at + bytes.findIndex((byte) => byte !== 0);
}

async function remainsOn(handle: FileHandle, sizeBytes: number): Promise<DiskEvidence['remains']> {
  for (const { family, at, length } of superblockPlaces(sizeBytes)) {
    const bytes = Buffer.alloc(length);
    await readFully(handle, bytes, at);
    if (isSuperblock(family, bytes)) return family;
  }
  return undefined;
}

async function readFully(handle: FileHandle, into: Buffer, at: number): Promise<void> {
  const { bytesRead } = await handle.read(into, 0, into.length, at);
  // A short read is no proof of anything.
  if (bytesRead !== into.length) throw new Error(`only ${bytesRead} of ${into.length} bytes at ${at}`);
}
