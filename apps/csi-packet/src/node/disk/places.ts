// Which places of a disk are read before it counts as blank. Pure. Reading a disk whole would take minutes; so read are its start and end,
// every place where the usual file systems keep copies of their superblock, and samples so close that no piece of data escapes that is
// larger than their distance: 1 MiB on disks of up to 4 GiB, 1/4096 of a larger one.

/** A piece of a disk, in bytes. */
export interface Place {
  readonly at: number;
  readonly length: number;
}

const KIB = 1024;
const MIB = 1024 * KIB;
const GIB = 1024 * MIB;
/** GPT, RAID and ZFS keep their marks within the first and last MiB or few. */
const EDGE = 16 * MIB;
const CHUNK = MIB;
const SAMPLE = 4 * KIB;
// A read of a cloud's disk takes half a millisecond and more, and a pod waits for all of them.
const MOST_SAMPLES = 4_096;
// Ext: copies start groups of 8 × block size blocks: 8 MiB with blocks of 1 KiB (and one KiB further), 32, 128 MiB.
const EXT_GROUPS = [8 * MIB, 128 * MIB];

/** In rising order, without overlaps. */
export function placesToRead(sizeBytes: number): readonly Place[] {
  const samples = new Set<number>();
  const step = Math.max(MIB, Math.ceil(sizeBytes / MOST_SAMPLES / SAMPLE) * SAMPLE);
  for (let at = 0; at < sizeBytes; at += step) samples.add(at);
  for (const { at } of superblockPlaces(sizeBytes)) samples.add(at - (at % SAMPLE));
  const inEdges = (at: number): boolean => at < EDGE || at >= sizeBytes - EDGE;
  const middle = [...samples].filter((at) => !inEdges(at)).sort((a, b) => a - b);
  return [
    ...chunks(0, Math.min(EDGE, sizeBytes)),
    ...middle.map((at) => ({ at, length: Math.min(SAMPLE, sizeBytes - at) })),
    ...chunks(Math.max(EDGE, sizeBytes - EDGE), sizeBytes),
  ];
}

function chunks(from: number, to: number): readonly Place[] {
  const places: Place[] = [];
  for (let at = from; at < to; at += CHUNK) places.push({ at, length: Math.min(CHUNK, to - at) });
  return places;
}

/** Where copies of a superblock may be: `magicAt` is the place of the magic number within. */
export interface SuperblockPlace extends Place {
  readonly family: 'ext' | 'xfs';
}

const SUPERBLOCK = KIB;
// Sparse: groups 1 and the powers of 3, 5 and 7.
const SPARSE_GROUPS = [1, 3, 5, 7, 9, 25, 27, 49, 81, 125, 243, 343];
// mkfs.xfs divides a disk of up to 4 TiB into 4 allocation groups, a larger one into groups of 1 TiB; 2, 8, 16 and 32 are common too.
const XFS_GROUP_COUNTS = [2, 4, 8, 16, 32];

/** All that fit onto the disk. */
export function superblockPlaces(sizeBytes: number): readonly SuperblockPlace[] {
  const ext = EXT_GROUPS.flatMap((group) =>
    SPARSE_GROUPS.map((number) => number * group + (group === EXT_GROUPS[0] ? KIB : 0)),
  );
  const blocks = Math.floor(sizeBytes / SAMPLE);
  const xfs = [
    ...XFS_GROUP_COUNTS.map((count) => Math.ceil(blocks / count) * SAMPLE),
    ...XFS_GROUP_COUNTS.map((count) => Math.floor(blocks / count) * SAMPLE),
    1024 * GIB,
  ];
  const fits = ({ at }: Place): boolean => at + SUPERBLOCK <= sizeBytes;
  return [
    ...ext.map((at) => ({ family: 'ext' as const, at, length: SUPERBLOCK })),
    ...xfs.map((at) => ({ family: 'xfs' as const, at, length: SUPERBLOCK })),
  ].filter(fits);
}

/** Whether the bytes of a place are a superblock. */
export function isSuperblock(family: 'ext' | 'xfs', bytes: Buffer): boolean {
  if (family === 'xfs') return bytes.subarray(0, 4).toString('latin1') === 'XFSB';
  return bytes.length >= 0x3a && bytes.readUInt16LE(0x38) === 0xef53;
}
