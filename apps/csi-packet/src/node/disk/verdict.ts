// What is on a disk, and whether a file system may be made on it. Pure: look-at-disk.ts collects the evidence. Only a disk on which every
// test found nothing is blank; a disk that merely looks so to blkid may be one whose superblock was damaged (csi-packet formatted those).
import { messageOfContent } from './content-names.ts';

/** What was found out about a disk. */
export interface DiskEvidence {
  readonly sizeBytes: number;
  /** What `blkid -p` says (TYPE, USAGE, PTTYPE …); empty when it found nothing. */
  readonly signature: ReadonlyMap<string, string>;
  /** blkid found several signatures that exclude each other. */
  readonly isAmbiguous: boolean;
  /** First place that was read and is not zero; `undefined` when all of them were. */
  readonly firstContentAt: number | undefined;
  /** A file system whose copies of the superblock were found, while blkid sees no file system. */
  readonly remains: 'ext' | 'xfs' | undefined;
}

/** What is on it. */
export type DiskVerdict =
  | { readonly kind: 'blank' }
  | { readonly kind: 'file-system'; readonly type: string }
  /** Something that is no file system, or a damaged one; `what` is a noun, `remedy` says what can be done. */
  | { readonly kind: 'occupied'; readonly what: string; readonly remedy: string };

/** Evidence to verdict. */
export function judgeDisk(evidence: DiskEvidence): DiskVerdict {
  const { signature, isAmbiguous } = evidence;
  if (isAmbiguous) return occupied('signatures of several formats');
  const type = signature.get('TYPE');
  if (type !== undefined && signature.get('USAGE') === 'filesystem') return { kind: 'file-system', type };
  const what = messageOfContent(signature);
  if (what !== undefined) return occupied(what);
  return judgeWithoutSignature(evidence);
}

function judgeWithoutSignature({ remains, firstContentAt }: DiskEvidence): DiskVerdict {
  if (remains === 'ext') {
    return occupied('a damaged ext file system', 'repair it from a copy of its superblock: e2fsck -b 32768 <device>');
  }
  if (remains === 'xfs') return occupied('a damaged xfs file system', 'repair it: xfs_repair <device>');
  if (firstContentAt !== undefined) return occupied(`unknown data (at byte ${firstContentAt})`);
  return { kind: 'blank' };
}

const REMEDY =
  'if nothing on it is needed, remove it (wipefs --all <device>, then zero its start) or delete the volume';

function occupied(what: string, remedy = REMEDY): DiskVerdict {
  return { kind: 'occupied', what, remedy };
}
