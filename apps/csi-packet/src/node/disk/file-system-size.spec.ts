import { describe, expect, test } from '@jest/globals';
import { isOutgrown, parseFileSystemSize, SUPERBLOCK_END } from './file-system-size.ts';

const GIB = 1024 ** 3;

function ext(change: (superblock: Buffer) => void): Buffer {
  const start = Buffer.alloc(SUPERBLOCK_END);
  const superblock = start.subarray(1024);
  superblock.writeUInt16LE(0xef53, 0x38);
  superblock.writeUInt32LE(2, 0x18);
  change(superblock);
  return start;
}

describe('the size of a file system', () => {
  test.each([
    { title: 'blank', start: Buffer.alloc(SUPERBLOCK_END), size: undefined },
    {
      title: 'ext3 of 10 GiB in blocks of 4 KiB',
      start: ext((at) => {
        at.writeUInt32LE((10 * GIB) / 4096, 4);
        // Without the feature this field is something else.
        at.writeUInt32LE(7, 0x150);
      }),
      size: { family: 'ext', bytes: 10 * GIB },
    },
    {
      title: 'ext4 of 20 TiB: more blocks than 32 bits count',
      start: ext((at) => {
        at.writeUInt32LE(0x80, 0x60);
        at.writeUInt32LE(1, 0x150);
        at.writeUInt32LE((4 * 1024 * GIB) / 4096, 4);
      }),
      size: { family: 'ext', bytes: 20 * 1024 * GIB },
    },
    {
      title: 'xfs',
      start: Buffer.concat([
        Buffer.from('XFSB\0\0\x10\0', 'latin1'),
        Buffer.from('0000000000280000', 'hex'),
        Buffer.alloc(SUPERBLOCK_END),
      ]),
      size: { family: 'xfs', bytes: 10 * GIB },
    },
  ])('$title', ({ start, size }) => {
    expect(parseFileSystemSize(start)).toEqual(size);
  });

  test.each([
    { disk: 10 * GIB, outgrown: false },
    { disk: 10 * GIB + 200 * 1024 ** 2, outgrown: false },
    { disk: 11 * GIB, outgrown: true },
    { disk: 9 * GIB, outgrown: false },
  ])('10 GiB on a disk of $disk bytes: outgrown $outgrown', ({ disk, outgrown }) => {
    expect(isOutgrown({ family: 'ext', bytes: 10 * GIB }, disk)).toBe(outgrown);
  });
});
