// How large a volume is to be. Pure. The Go program made the limit, rounded down, and bent what did not fit; here the range counts.
import { CsiError } from '../server/csi-error.ts';

/** Bytes in a GiB; the API's sizes are whole GiB. */
export const GIB: bigint = 1024n ** 3n;
/** The smallest and the largest volume of the API. */
export const SMALLEST_GIB = 10;
export const LARGEST_GIB = 10_000;
const DEFAULT_GIB = 100;

/** A range of CSI. */
export interface ByteRange {
  readonly requiredBytes: bigint;
  readonly limitBytes: bigint;
}

/** Sizes that would do, and the one to make. */
export interface SizeWish {
  readonly sizeGiB: number;
  readonly minGiB: number;
  readonly maxGiB: number;
  /** The request named a size. */
  readonly isGiven: boolean;
}

/** Range to sizes; throws OUT_OF_RANGE where nothing fits. */
export function planSize(range: ByteRange | undefined): SizeWish {
  const { requiredBytes = 0n, limitBytes = 0n } = range ?? {};
  checkRange(requiredBytes, limitBytes);
  const minGiB = Math.max(SMALLEST_GIB, toGiBUp(requiredBytes));
  const maxGiB = limitBytes === 0n ? LARGEST_GIB : Math.min(LARGEST_GIB, Number(limitBytes / GIB));
  if (minGiB > maxGiB) throw outOfRange(nothingFits(minGiB, limitBytes));
  const isGiven = requiredBytes !== 0n || limitBytes !== 0n;
  return { sizeGiB: isGiven ? minGiB : DEFAULT_GIB, minGiB, maxGiB, isGiven };
}

function checkRange(requiredBytes: bigint, limitBytes: bigint): void {
  if (requiredBytes < 0n || limitBytes < 0n) throw outOfRange('a size cannot be negative');
  if (limitBytes === 0n || limitBytes >= requiredBytes) return;
  throw outOfRange(`the limit of ${limitBytes} bytes is below the required ${requiredBytes}`);
}

function nothingFits(minGiB: number, limitBytes: bigint): string {
  if (minGiB > LARGEST_GIB) return `${minGiB} GiB are asked for, ${LARGEST_GIB} GiB is the largest volume`;
  const sizes = `volumes have whole GiB from ${SMALLEST_GIB} on`;
  return `no size fits: ${sizes}, the smallest that would do is ${minGiB} GiB, and the limit is ${limitBytes} bytes`;
}

/** Bytes of a volume. */
export function bytesOf(sizeGiB: number): bigint {
  return BigInt(sizeGiB) * GIB;
}

function toGiBUp(bytes: bigint): number {
  return Number((bytes + GIB - 1n) / GIB);
}

function outOfRange(message: string): CsiError {
  return new CsiError('OUT_OF_RANGE', message);
}
