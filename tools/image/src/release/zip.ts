// Reads the small archives in which the hosting service hands out artifacts: stored and deflated files, no encryption, no zip64. Pure.
import { inflateRawSync } from 'node:zlib';
import { OperatorError, never } from '@longshore/reconciler-core';

const END_OF_DIRECTORY = 0x06054b50;
const DIRECTORY_ENTRY = 0x02014b50;
const DEFLATED = 8;

/** The files of an archive by name. */
export function readZip(archive: Buffer): ReadonlyMap<string, Buffer> {
  try {
    return readDirectory(archive);
  } catch (cause) {
    throw new OperatorError('RELEASE_IMAGE_UNUSABLE', 'the artifact tested-image is no readable zip archive', never, {
      cause,
    });
  }
}

function readDirectory(archive: Buffer): ReadonlyMap<string, Buffer> {
  const end = findEnd(archive);
  const files = new Map<string, Buffer>();
  let at = archive.readUInt32LE(end + 16);
  for (let left = archive.readUInt16LE(end + 10); left > 0; left -= 1) {
    if (archive.readUInt32LE(at) !== DIRECTORY_ENTRY) throw new Error('broken directory');
    const [nameLength, extraLength, commentLength] = [28, 30, 32].map((offset) => archive.readUInt16LE(at + offset));
    const name = archive.toString('utf8', at + 46, at + 46 + (nameLength ?? 0));
    files.set(name, contentAt(archive, at));
    at += 46 + (nameLength ?? 0) + (extraLength ?? 0) + (commentLength ?? 0);
  }
  return files;
}

function contentAt(archive: Buffer, at: number): Buffer {
  const method = archive.readUInt16LE(at + 10);
  const size = archive.readUInt32LE(at + 20);
  const local = archive.readUInt32LE(at + 42);
  const start = local + 30 + archive.readUInt16LE(local + 26) + archive.readUInt16LE(local + 28);
  const bytes = archive.subarray(start, start + size);
  return method === DEFLATED ? inflateRawSync(bytes) : bytes;
}

function findEnd(archive: Buffer): number {
  for (let at = archive.length - 22; at >= 0; at -= 1) if (archive.readUInt32LE(at) === END_OF_DIRECTORY) return at;
  throw new Error('no directory');
}
