// Reads what the builder has to know of a 64-bit ELF file: which libraries it needs, and what of it is never loaded. The latter is cut off
// (`strip` of binutils does the same, but only for its own processor, and differs between versions).
import { OperatorError, never } from '@longshore/reconciler-core';

/** A program or library as the loader sees it. */
export interface ElfFacts {
  readonly machine: 'amd64' | 'arm64' | 'other';
  /** Path of the loader; libraries have none. */
  readonly interpreter: string | undefined;
  /** DT_NEEDED, in order. */
  readonly needed: readonly string[];
}

const MAGIC = Buffer.from([0x7f, 0x45, 0x4c, 0x46, 2, 1]); // 64 bit, little endian
const SECTION_HEADERS_AT = 40;
const SECTION_COUNT_AT = 60;
const SECTION_NAMES_AT = 62;
const MACHINES: Readonly<Record<number, ElfFacts['machine']>> = { 62: 'amd64', 183: 'arm64' };
const LOAD = 1;
const DYNAMIC = 2;
const INTERPRETER = 3;
const TAG_NEEDED = 1n;
const TAG_STRING_TABLE = 5n;

interface Segment {
  readonly kind: number;
  readonly offset: number;
  readonly address: bigint;
  readonly size: number;
}

/** Parses the headers. Throws IMAGE_NO_ELF for anything but a 64-bit little-endian ELF file; `name` is for the message. */
export function readElf(file: Buffer, name: string): ElfFacts {
  const segments = readSegments(file, name);
  const interpreter = segments.find(({ kind }) => kind === INTERPRETER);
  return {
    machine: MACHINES[file.readUInt16LE(18)] ?? 'other',
    interpreter: interpreter && stringAt(file, interpreter.offset),
    needed: neededLibraries(file, segments),
  };
}

/** The file without symbols, debug sections and section headers: everything behind the last segment that is loaded. */
export function stripElf(file: Buffer, name: string): Buffer {
  const segments = readSegments(file, name);
  const end = Math.max(programHeadersEnd(file), ...segments.map(({ offset, size }) => offset + size));
  const stripped = Buffer.from(file.subarray(0, end));
  stripped.writeBigUInt64LE(0n, SECTION_HEADERS_AT);
  stripped.writeUInt16LE(0, SECTION_COUNT_AT);
  stripped.writeUInt16LE(0, SECTION_NAMES_AT);
  return stripped;
}

function readSegments(file: Buffer, name: string): readonly Segment[] {
  if (!file.subarray(0, MAGIC.length).equals(MAGIC)) {
    throw new OperatorError('IMAGE_NO_ELF', `${name} is no 64-bit ELF file: it cannot go into an image`, never);
  }
  const start = Number(file.readBigUInt64LE(32));
  const size = file.readUInt16LE(54);
  return Array.from({ length: file.readUInt16LE(56) }, (_, index) => {
    const at = start + index * size;
    return {
      kind: file.readUInt32LE(at),
      offset: Number(file.readBigUInt64LE(at + 8)),
      address: file.readBigUInt64LE(at + 16),
      size: Number(file.readBigUInt64LE(at + 32)),
    };
  });
}

function programHeadersEnd(file: Buffer): number {
  return Number(file.readBigUInt64LE(32)) + file.readUInt16LE(54) * file.readUInt16LE(56);
}

function neededLibraries(file: Buffer, segments: readonly Segment[]): readonly string[] {
  const dynamic = segments.find(({ kind }) => kind === DYNAMIC);
  if (!dynamic) return [];
  const entries: { tag: bigint; value: bigint }[] = [];
  for (let at = dynamic.offset; at < dynamic.offset + dynamic.size; at += 16) {
    entries.push({ tag: file.readBigUInt64LE(at), value: file.readBigUInt64LE(at + 8) });
  }
  const table = entries.find(({ tag }) => tag === TAG_STRING_TABLE);
  const strings = table && fileOffset(segments, table.value);
  if (strings === undefined) return [];
  return entries.filter(({ tag }) => tag === TAG_NEEDED).map(({ value }) => stringAt(file, strings + Number(value)));
}

function fileOffset(segments: readonly Segment[], address: bigint): number | undefined {
  const segment = segments.find(
    (one) => one.kind === LOAD && address >= one.address && address < one.address + BigInt(one.size),
  );
  return segment && segment.offset + Number(address - segment.address);
}

function stringAt(file: Buffer, offset: number): string {
  return file.toString('latin1', offset, file.indexOf(0, offset));
}
