// The decisions of the node side as tables.
import { describe, expect, test } from '@jest/globals';
import { decideDisk, decideTarget, isOwnUnfinished, refuseIfUsedElsewhere, refuseSecondWriter } from './decisions.ts';
import { parseMountInfo, withoutHostViews } from './mounts/mount-table.ts';
import { deviceNumber } from './host/files.ts';
import { formatRecord, parseRecord, recordFileName } from './volume-record.ts';
import type { VolumeRecord } from './volume-record.ts';

const record: VolumeRecord = {
  volumeId: 'v',
  volumeName: 'volume-1',
  attachmentId: 'a-1',
  iqn: 'iqn',
  portals: ['10.0.0.1'],
  stagingPath: '/staging',
  use: 'ext4',
  phase: 'formatting',
  disk: { bootId: 'b', wwid: 'w', device: '/dev/dm-3', number: '253:3', isMap: true },
};

describe('our own half-made file system', () => {
  test.each([
    ['same attachment, same disk', record, { attachmentId: 'a-1', wwid: 'w' }, true],
    ['another attachment', record, { attachmentId: 'a-2', wwid: 'w' }, false],
    ['another disk', record, { attachmentId: 'a-1', wwid: 'x' }, false],
    ['no attachment known', { ...record, attachmentId: undefined }, { attachmentId: undefined, wwid: 'w' }, false],
    ['finished before', { ...record, phase: 'staged' as const }, { attachmentId: 'a-1', wwid: 'w' }, false],
    ['never begun', undefined, { attachmentId: 'a-1', wwid: 'w' }, false],
  ])('%s', (_, before, now, expected) => {
    expect(isOwnUnfinished(before, now)).toBe(expected);
  });

  test('it is made anew, whatever is there', () => {
    const occupied = { kind: 'occupied', what: 'x', remedy: 'y' } as const;
    expect(decideDisk(occupied, { volume: 'v', wanted: 'ext4', isOurs: true })).toEqual({ kind: 'make' });
  });
});

const table = parseMountInfo(
  [
    '22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw',
    '90 22 253:3 / /staging rw,relatime shared:9 - ext4 /dev/mapper/volume-1 rw',
    '91 22 253:3 / /pod\\040a/mount ro,relatime shared:9 - ext4 /dev/mapper/volume-1 rw',
    '92 22 0:5 /dm-7 /pod-b/dev rw,nosuid - devtmpfs udev rw',
    '',
  ].join('\n'),
);

test.each([
  ['nothing there', { path: '/elsewhere', number: '253:3', isReadonly: undefined }, 'mount'],
  ['staged', { path: '/staging', number: '253:3', isReadonly: undefined }, 'done'],
  ['another disk', { path: '/staging', number: '253:4', isReadonly: undefined }, 'FAILED_PRECONDITION'],
  ['read-only as asked', { path: '/pod a/mount', number: '253:3', isReadonly: true }, 'done'],
  ['read-only, not asked', { path: '/pod a/mount', number: '253:3', isReadonly: false }, 'ALREADY_EXISTS'],
])('a target: %s', (_, target, expected) => {
  const decision = decideTarget(table, target);
  expect(decision.kind === 'refuse' ? decision.error.code : decision.kind).toBe(expected);
});

describe('a volume in use', () => {
  const refuse =
    (device: string, nodes: readonly string[], stagingPath = '/staging') =>
    (): void =>
      refuseIfUsedElsewhere(table, { volume: 'v', names: { device, nodes }, stagingPath });

  test('a file system that a pod sees', () => {
    expect(refuse('253:3', [])).toThrow(/pod a\/mount/);
  });
  test('a device that a pod has', () => {
    expect(refuse('253:7', ['/dm-7'])).toThrow(/pod-b/);
  });
  test('only staged', () => {
    expect(refuse('253:9', ['/dm-9'])).not.toThrow();
  });
});

describe('SINGLE_NODE_SINGLE_WRITER', () => {
  const publish = (device: string, nodes: readonly string[], target: string) => (): void =>
    refuseSecondWriter(table, { volume: 'v', names: { device, nodes }, places: ['/staging', target] });

  test.each([
    {
      what: 'another pod has the file system',
      device: '253:3',
      nodes: [],
      target: '/pod-c/mount',
      refused: /pod a\/mount/,
    },
    {
      what: 'another pod has the device',
      device: '253:7',
      nodes: ['/dm-7'],
      target: '/pod-c/dev',
      refused: /pod-b\/dev/,
    },
  ])('is refused while $what', ({ device, nodes, target, refused }) => {
    expect(publish(device, nodes, target)).toThrow(refused);
    expect(publish(device, nodes, target)).toThrow(expect.objectContaining({ code: 'FAILED_PRECONDITION' }));
  });

  test.each([
    { what: 'nobody has the volume', device: '253:9', nodes: ['/dm-9'], target: '/pod-c/mount' },
    { what: 'the same pod has it', device: '253:3', nodes: [], target: '/pod a/mount' },
  ])('is possible when $what', ({ device, nodes, target }) => {
    expect(publish(device, nodes, target)).not.toThrow();
  });

  test('a folder that is mounted into the container twice shows the staged volume twice', () => {
    const staged = (of: string): string => `70 30 253:3 / ${of}/staging rw - ext4 /dev/dm-3 rw`;
    const twice = parseMountInfo(
      [
        '30 1 8:1 /var/lib/kubelet /var/lib/kubelet rw - ext4 /dev/sda1 rw',
        '31 1 8:1 /var/lib/kubelet/plugins/x /csi rw - ext4 /dev/sda1 rw',
        staged('/var/lib/kubelet/plugins/x'),
        staged('/csi'),
      ].join('\n'),
    );
    const place = '/var/lib/kubelet/plugins/x/staging';
    const alone = (places: readonly string[]) => (): void =>
      refuseSecondWriter(twice, { volume: 'v', names: { device: '253:3', nodes: [] }, places });
    expect(alone([place, '/pod'])).not.toThrow();
    expect(alone(['/elsewhere', '/pod'])).toThrow(/single_writer/i);
  });
});

test('device numbers as the kernel writes them', () => {
  expect([deviceNumber(0x0801), deviceNumber(0xfd03), deviceNumber(0x10_0000_0700 % 2 ** 32)]).toEqual([
    '8:1',
    '253:3',
    '7:0',
  ]);
  // makedev(259, 300): the minor number is split.
  expect(deviceNumber((259 << 8) | (300 & 0xff) | ((300 & ~0xff) << 12))).toBe('259:300');
});

test('records survive as text, and no other text is taken for one', () => {
  expect(parseRecord(formatRecord(record))).toEqual(record);
  for (const text of ['', '{}', 'null', '{"volumeId":"v"}', formatRecord({ ...record, phase: 'other' as never })]) {
    expect(() => parseRecord(text)).toThrow();
  }
  expect(recordFileName('../a/b')).toBe('%2E%2E%2Fa%2Fb%2Ejson'.replace('%2Ejson', '.json'));
});

describe('mounts below the folder where the host is seen', () => {
  const text = [
    '1 0 7:0 / /var/lib/kubelet/plugins/v/globalmount rw shared:1 - ext4 /dev/loop0 rw',
    '2 0 7:0 / /host/var/lib/kubelet/plugins/v/globalmount rw master:1 - ext4 /dev/loop0 rw',
    '3 0 7:0 / /host/mnt/by-hand rw master:2 - ext4 /dev/loop0 rw',
  ].join('\n');
  const places = (root: string): readonly string[] =>
    withoutHostViews(parseMountInfo(text), root).map(({ mountPoint }) => mountPoint);

  test('are not a second use of a volume that kubelet has staged, but what the host alone has mounted is', () => {
    expect(places('/host')).toEqual(['/var/lib/kubelet/plugins/v/globalmount', '/host/mnt/by-hand']);
  });

  test('do not exist where the program runs on the host itself', () => {
    expect(places('/')).toHaveLength(3);
  });
});
