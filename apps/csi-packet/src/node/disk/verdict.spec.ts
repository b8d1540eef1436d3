// What counts as blank, and what is never formatted.
import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { decideDisk } from '../decisions.ts';
import { parseSignature } from './content-names.ts';
import { isSuperblock, placesToRead, superblockPlaces } from './places.ts';
import { judgeDisk } from './verdict.ts';
import type { DiskEvidence } from './verdict.ts';

const MIB = 1024 ** 2;
const GIB = 1024 ** 3;
const evidence = (over: Partial<DiskEvidence> & { readonly blkid?: string }): DiskEvidence => ({
  sizeBytes: 10 * GIB,
  signature: parseSignature(over.blkid ?? ''),
  isAmbiguous: false,
  firstContentAt: undefined,
  remains: undefined,
  ...over,
});
const wish = { volume: 'v', wanted: 'ext4', isOurs: false } as const;

describe('verdict', () => {
  test.each<readonly [string, Partial<DiskEvidence> & { readonly blkid?: string }, RegExp]>([
    ['LVM', { blkid: 'TYPE=LVM2_member\nUSAGE=raid\n' }, /LVM/],
    ['LUKS', { blkid: 'TYPE=crypto_LUKS\nUSAGE=crypto\n' }, /LUKS/],
    ['swap', { blkid: 'TYPE=swap\nUSAGE=other\n' }, /swap/],
    ['ZFS', { blkid: 'TYPE=zfs_member\nUSAGE=raid\n' }, /ZFS/],
    ['RAID', { blkid: 'TYPE=linux_raid_member\nUSAGE=raid\n' }, /RAID/],
    ['something new', { blkid: 'TYPE=novelty\nUSAGE=other\n' }, /novelty/],
    ['GPT', { blkid: 'PTTYPE=gpt\n' }, /GPT/],
    ['MBR', { blkid: 'PTTYPE=dos\n' }, /MBR/],
    ['two formats', { isAmbiguous: true }, /several formats/],
    ['a damaged ext4', { firstContentAt: 128 * MIB, remains: 'ext' }, /damaged ext.*e2fsck -b/],
    ['a damaged xfs', { firstContentAt: GIB, remains: 'xfs' }, /damaged xfs.*xfs_repair/],
    ['unknown bytes', { firstContentAt: 5 * GIB }, /at byte 5368709120/],
    ['btrfs', { blkid: 'TYPE=btrfs\nUSAGE=filesystem\n' }, /btrfs/],
  ])('%s is refused', (_, over, text) => {
    const decision = decideDisk(judgeDisk(evidence(over)), wish);
    expect(decision.kind === 'refuse' ? [decision.error.code, decision.error.message] : decision).toEqual([
      'FAILED_PRECONDITION',
      expect.stringMatching(text),
    ]);
  });

  test('only a disk on which nothing was found is blank', () => {
    expect(decideDisk(judgeDisk(evidence({})), wish)).toEqual({ kind: 'make' });
  });

  test.each(['ext4', 'ext3', 'ext2'])('%s is used where ext4 is asked for', (type) => {
    const found = evidence({ blkid: `TYPE=${type}\nUSAGE=filesystem\n` });
    expect(decideDisk(judgeDisk(found), wish)).toEqual({ kind: 'use', type });
  });
});

describe('places that are read', () => {
  const size = fc.integer({ min: 10 * 256 * 1024, max: 10_000 * 256 * 1024 }).map((blocks) => blocks * 4096);

  test('start and end whole, all copies of superblocks, in order, without reading beyond the end', () => {
    fc.assert(
      fc.property(size, (sizeBytes) => {
        const places = placesToRead(sizeBytes);
        const covers = (at: number): boolean => places.some((place) => place.at <= at && at < place.at + place.length);
        expect(covers(0) && covers(16 * MIB - 1) && covers(sizeBytes - 16 * MIB) && covers(sizeBytes - 1)).toBe(true);
        expect(superblockPlaces(sizeBytes).filter(({ at }) => !covers(at))).toEqual([]);
        const ends = places.map(({ at, length }) => at + length);
        expect(places.every(({ at }, index) => index === 0 || at >= (ends[index - 1] ?? 0))).toBe(true);
        expect(Math.max(...ends)).toBeLessThanOrEqual(sizeBytes);
      }),
      { numRuns: 20 },
    );
  });

  test('no megabyte of data escapes on a disk of up to 4 GiB', () => {
    const places = placesToRead(4 * GIB);
    const gaps = places.map(({ at }, index) => at - ((places[index - 1]?.at ?? 0) + (places[index - 1]?.length ?? 0)));
    expect(Math.max(...gaps)).toBeLessThan(MIB);
  });

  test('a small disk is read whole', () => {
    expect(placesToRead(MIB + 512).reduce((sum, { length }) => sum + length, 0)).toBe(MIB + 512);
  });

  test('superblocks by their magic numbers', () => {
    const ext = Buffer.alloc(1024);
    ext.writeUInt16LE(0xef53, 0x38);
    expect([isSuperblock('ext', ext), isSuperblock('xfs', ext)]).toEqual([true, false]);
    expect(isSuperblock('xfs', Buffer.from('XFSB\0\0\0\0'))).toBe(true);
  });
});
