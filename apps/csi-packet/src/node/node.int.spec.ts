// The Node service of the whole program, on loop devices behind stand-in iSCSI tools; mkfs, mount, blkid and fsck are the real ones.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { createReadStream, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { crc32 } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { waitFor } from '@longshore/reconciler-core/testing';
import { VolumeCapability_AccessMode_Mode as Mode, VolumeUsage_Unit as Unit } from '../gen/csi.ts';
import type { VolumeCapability } from '../gen/csi.ts';
import { codeOf, outcomeOf } from '../test-support/csi-client.ts';
import { GIB, HostWorld, missingForHostWorld } from '../test-support/host-world.ts';
import type { Target } from '../test-support/host-world.ts';
import { startDriver } from '../test-support/running-driver.ts';
import type { RunningDriver } from '../test-support/running-driver.ts';

const missing = missingForHostWorld();
const describeHere = missing === undefined ? describe : describe.skip;

let world: HostWorld;
let driver: RunningDriver;

const accessMode = { mode: Mode.SINGLE_NODE_WRITER };
const mountAs = (fsType = 'ext4', mountFlags: string[] = []): VolumeCapability => ({
  mount: { fsType, mountFlags, volumeMountGroup: '' },
  accessMode,
});
const inMode = (capability: VolumeCapability, mode: Mode): VolumeCapability => ({
  ...capability,
  accessMode: { mode },
});
const asBlock: VolumeCapability = { block: {}, accessMode };

async function startNode(flags: readonly string[] = []): Promise<RunningDriver> {
  return startDriver({ flags: ['--mode=node', ...world.flags, ...flags], env: world.env });
}

function stage(target: Target, volumeCapability = mountAs(), more: object = {}): Promise<unknown> {
  const { volumeId, publishContext } = target;
  const stagingTargetPath = world.stagingPath(volumeId);
  return driver.client.node.nodeStageVolume(
    { volumeId, publishContext, stagingTargetPath, volumeCapability, ...more },
    { timeoutMs: 120_000 },
  );
}

function publish({ volumeId }: Target, volumeCapability = mountAs(), more: object = {}): Promise<unknown> {
  return driver.client.node.nodePublishVolume({
    volumeId,
    stagingTargetPath: world.stagingPath(volumeId),
    targetPath: world.targetPath(volumeId),
    volumeCapability,
    ...more,
  });
}

const unpublish = ({ volumeId }: Target): Promise<unknown> =>
  driver.client.node.nodeUnpublishVolume({ volumeId, targetPath: world.targetPath(volumeId) });
const unstage = ({ volumeId }: Target): Promise<unknown> =>
  driver.client.node.nodeUnstageVolume(
    { volumeId, stagingTargetPath: world.stagingPath(volumeId) },
    { timeoutMs: 120_000 },
  );

async function takeDown(target: Target): Promise<void> {
  await unpublish(target);
  await unstage(target);
}

const CAP_SYS_RESOURCE = 24n;
function hasSysResource(): boolean {
  const [, effective = '0'] = /^CapEff:\s*([0-9a-f]+)$/m.exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return ((BigInt(`0x${effective}`) >> CAP_SYS_RESOURCE) & 1n) === 1n;
}

async function hashOf(file: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(file, { highWaterMark: 4 * 1024 * 1024 }), hash);
  return hash.digest('hex');
}

describeHere(`the node side${missing === undefined ? '' : ` (skipped: ${missing})`}`, () => {
  beforeAll(async () => {
    world = await HostWorld.start();
    driver = await startNode();
  }, 120_000);

  afterAll(async () => {
    await driver?.stop();
    await world?.stop();
  });

  describe('life of a volume', () => {
    test('CP row 94 CP row 113 CP row 116 CP row 124 staged over two portals, published, and taken down in order', async () => {
      const target = world.addTarget();
      world.takeCommands();
      await stage(target);
      const commands = world.takeCommands();
      const count = (part: string): number => commands.filter((line) => line.includes(part)).length;
      expect([count('--discover'), count('--login'), world.maps()]).toEqual([2, 2, [target.volumeName]]);
      await publish(target);
      await publish(target);
      const at = world.targetPath(target.volumeId);
      expect(world.mountPoints().filter((mountPoint) => mountPoint === at)).toHaveLength(1);
      writeFileSync(join(at, 'data'), 'kept');
      await unpublish(target);
      expect(existsSync(at)).toBe(false);
      world.takeCommands();
      await unstage(target);
      const order = world.takeCommands().filter((line) => /multipath -f|--logout|-o delete/.test(line));
      expect(order.map((line) => /-f|--logout|-o delete/.exec(line)?.[0])).toEqual([
        '-f',
        ...['--logout', '--logout'],
        ...['-o delete', '-o delete'],
      ]);
      expect([world.list('sessions'), world.list('nodes'), world.maps(), world.bindings]).toEqual([[], [], [], '']);
      expect(world.mountPoints()).toEqual([]);
      await stage(target);
      await publish(target);
      expect(readFileSync(join(at, 'data'), 'utf8')).toBe('kept');
      await takeDown(target);
    });

    test('CP row 95 CP row 97 staging again starts no login, no mkfs and no mount', async () => {
      const target = world.addTarget();
      await stage(target);
      writeFileSync(join(world.stagingPath(target.volumeId), 'data'), 'kept');
      world.takeCommands();
      await stage(target);
      expect(world.takeCommands()).toEqual([]);
      await unstage(target);
      await stage(target);
      expect(readFileSync(join(world.stagingPath(target.volumeId), 'data'), 'utf8')).toBe('kept');
      await unstage(target);
    });

    test('CP row 114 a read-only publication refuses writes', async () => {
      const target = world.addTarget();
      await stage(target);
      await publish(target, mountAs(), { readonly: true });
      const file = join(world.targetPath(target.volumeId), 'data');
      expect(() => writeFileSync(file, 'x')).toThrow(/EROFS/);
      expect(await codeOf(publish(target))).toBe(6);
      await takeDown(target);
    });

    test.each(['ext3', 'xfs'])('CP row 108 %s with mount flags', async (fsType) => {
      const target = world.addTarget();
      await stage(target, mountAs(fsType, ['noatime']));
      const line = readFileSync('/proc/self/mountinfo', 'utf8')
        .split('\n')
        .find((text) => text.includes(world.stagingPath(target.volumeId)));
      expect(line).toMatch(new RegExp(`noatime.* - ${fsType} `));
      await unstage(target);
    });

    test('CP row 109 CP row 115 CP row 130 a raw device: nothing is made or mounted, the pod gets the device', async () => {
      const target = world.addTarget();
      await stage(target, asBlock);
      expect(world.mountPoints()).toEqual([]);
      await publish(target, asBlock);
      await publish(target, asBlock);
      const at = world.targetPath(target.volumeId);
      expect(execFileSync('stat', ['-c', '%F', at], { encoding: 'utf8' }).trim()).toBe('block special file');
      const { usage } = await driver.client.node.nodeGetVolumeStats({ volumeId: target.volumeId, volumePath: at });
      expect(usage).toEqual([expect.objectContaining({ unit: Unit.BYTES, total: BigInt(GIB / 2) })]);
      expect(await codeOf(unstage(target))).toBe(9);
      await takeDown(target);
      expect(world.list('sessions')).toEqual([]);
    });

    test('SINGLE_NODE_MULTI_WRITER: two pods of the machine share the volume, and each has what the other wrote', async () => {
      const shared = inMode(mountAs(), Mode.SINGLE_NODE_MULTI_WRITER);
      const target = world.addTarget();
      const { volumeId } = target;
      const [first, second] = [world.targetPath(volumeId, 'pod-1'), world.targetPath(volumeId, 'pod-2')];
      await stage(target, shared);
      for (const targetPath of [first, second, first]) await publish(target, shared, { targetPath });
      writeFileSync(join(first, 'of-1'), 'one');
      writeFileSync(join(second, 'of-2'), 'two');
      expect(readFileSync(join(second, 'of-1'), 'utf8') + readFileSync(join(first, 'of-2'), 'utf8')).toBe('onetwo');
      await driver.client.node.nodeUnpublishVolume({ volumeId, targetPath: second });
      expect(readFileSync(join(first, 'of-2'), 'utf8')).toBe('two');
      await takeDown(target);
      expect([world.list('sessions'), world.mountPoints()]).toEqual([[], []]);
    });

    test.each([
      { what: 'a file system', capability: mountAs() },
      { what: 'a device', capability: asBlock },
    ])(
      'SINGLE_NODE_SINGLE_WRITER, $what: a second pod is FAILED_PRECONDITION until the first has left',
      async (row) => {
        const alone = inMode(row.capability, Mode.SINGLE_NODE_SINGLE_WRITER);
        const target = world.addTarget();
        const { volumeId } = target;
        const [first, second] = [world.targetPath(volumeId, 'pod-1'), world.targetPath(volumeId, 'pod-2')];
        await stage(target, alone);
        await publish(target, alone, { targetPath: first });
        expect(await outcomeOf(publish(target, alone, { targetPath: second }))).toEqual({
          code: 9,
          details: expect.stringContaining(`is published at ${first}`),
        });
        expect([existsSync(second), world.mountPoints().includes(first)]).toEqual([false, true]);
        await publish(target, alone, { targetPath: first });
        await driver.client.node.nodeUnpublishVolume({ volumeId, targetPath: first });
        await publish(target, alone, { targetPath: second });
        await driver.client.node.nodeUnpublishVolume({ volumeId, targetPath: second });
        await unstage(target);
        expect([world.list('sessions'), world.mountPoints()]).toEqual([[], []]);
      },
    );

    test('CP row 129 usage in bytes and inodes, and the condition of the paths', async () => {
      const target = world.addTarget();
      await stage(target);
      await publish(target);
      const volumePath = world.targetPath(target.volumeId);
      const stats = await driver.client.node.nodeGetVolumeStats({ volumeId: target.volumeId, volumePath });
      expect(stats.usage.map(({ unit }) => unit)).toEqual([Unit.BYTES, Unit.INODES]);
      expect(Number(stats.usage[0]?.total)).toBeGreaterThan(0.8 * (GIB / 2));
      expect(stats.volumeCondition).toEqual({ abnormal: false, message: 'all paths are up' });
      await takeDown(target);
    });
  });

  describe('refusals', () => {
    const id = '77777777-0000-4000-8000-000000000000';
    const path = '/nonexistent';
    test('CP row 92 CP row 93 CP row 110 CP row 111 CP row 119 CP row 127 what is missing is refused before any command runs', async () => {
      const { node } = driver.client;
      const volumeCapability = mountAs();
      const publishContext = { device: '/dev/mock' };
      world.takeCommands();
      const codes = await Promise.all(
        [
          node.nodeStageVolume({ stagingTargetPath: path, volumeCapability, publishContext }),
          node.nodeStageVolume({ volumeId: id, volumeCapability, publishContext }),
          node.nodeStageVolume({ volumeId: id, stagingTargetPath: path, publishContext }),
          node.nodeStageVolume({ volumeId: id, stagingTargetPath: path, volumeCapability, publishContext }),
          node.nodePublishVolume({ targetPath: path, volumeCapability }),
          node.nodePublishVolume({ volumeId: id, volumeCapability }),
          node.nodePublishVolume({ volumeId: id, targetPath: path, stagingTargetPath: path }),
          node.nodeUnstageVolume({ stagingTargetPath: path }),
          node.nodeUnstageVolume({ volumeId: id }),
          node.nodeUnpublishVolume({ targetPath: path }),
          node.nodeUnpublishVolume({ volumeId: id }),
          node.nodeGetVolumeStats({ volumePath: path }),
          node.nodeGetVolumeStats({ volumeId: id }),
          node.nodeExpandVolume({ volumePath: path }),
          node.nodeExpandVolume({ volumeId: id }),
        ].map(codeOf),
      );
      expect(codes).toEqual(codes.map(() => 3));
      expect(await codeOf(node.nodePublishVolume({ volumeId: id, targetPath: path, volumeCapability }))).toBe(9);
      expect(world.takeCommands()).toEqual([]);
    });

    test('CP row 112 nothing is bound from a path at which nothing is staged', async () => {
      const target = world.addTarget();
      mkdirSync(world.stagingPath(target.volumeId), { recursive: true });
      expect(await codeOf(publish(target))).toBe(9);
      expect(world.mountPoints()).toEqual([]);
    });

    test('CP row 117 CP row 118 CP row 120 CP row 128 CP row 131 what is not there is done, or not found', async () => {
      const target = world.addTarget();
      await unstage(target);
      await unpublish(target);
      const at = world.targetPath(target.volumeId);
      mkdirSync(at, { recursive: true });
      execFileSync('mount', ['--bind', world.folder, at]);
      execFileSync('mount', ['--bind', world.folder, at]);
      await unpublish(target);
      expect([existsSync(at), world.mountPoints()]).toEqual([false, []]);
      const some = { volumeId: target.volumeId, volumePath: 'some/path' };
      expect(await codeOf(driver.client.node.nodeGetVolumeStats(some))).toBe(5);
      expect(await codeOf(driver.client.node.nodeExpandVolume(some))).toBe(5);
    });

    test('CP row 122 a volume that is published is not unstaged', async () => {
      const target = world.addTarget();
      await stage(target);
      await publish(target);
      world.takeCommands();
      expect(await outcomeOf(unstage(target))).toMatchObject({
        code: 9,
        details: expect.stringContaining(world.targetPath(target.volumeId)),
      });
      expect(world.takeCommands()).toEqual([]);
      await takeDown(target);
    });

    test('CP row 96 staged elsewhere with another file system', async () => {
      const target = world.addTarget();
      await stage(target);
      const stagingTargetPath = `${world.stagingPath(target.volumeId)}-2`;
      expect(await codeOf(stage(target, mountAs('xfs'), { stagingTargetPath }))).toBe(6);
      await unstage(target);
    });
  });

  describe('disks that are not blank', () => {
    const MIB = 1024 * 1024;
    const SMALL = 64 * MIB;
    // mkfs.xfs refuses less.
    const XFS = 320 * MIB;
    const write = (file: string, at: number, bytes: Buffer): void => {
      execFileSync('dd', [`of=${file}`, 'bs=512', `seek=${at / 512}`, 'conv=notrunc', 'status=none'], { input: bytes });
    };
    const junk = Buffer.alloc(4096, 'longshore');
    const run = (program: string, ...args: string[]): void => void execFileSync(program, args, { stdio: 'ignore' });
    // One partition from 1 MiB on. sfdisk is not everywhere, and both tables are few bytes.
    const mbr = (type: number): Buffer => {
      const sector = Buffer.alloc(512);
      sector.set([0, 0, 2, 0, type, 0xff, 0xff, 0xff], 446);
      sector.writeUInt32LE(type === 0xee ? 1 : 2048, 454);
      sector.writeUInt32LE(65_536, 458);
      sector.set([0x55, 0xaa], 510);
      return sector;
    };
    const gpt = (): Buffer => {
      const entries = Buffer.alloc(128 * 128);
      entries.fill(0xa5, 0, 32);
      entries.writeBigUInt64LE(2048n, 32);
      entries.writeBigUInt64LE(65_535n, 40);
      const header = Buffer.alloc(512);
      header.write('EFI PART');
      [0x10000, 92].forEach((value, at) => header.writeUInt32LE(value, 8 + 4 * at));
      const last = BigInt(SMALL / 512 - 1);
      [1n, last, 34n, last - 33n].forEach((value, at) => header.writeBigUInt64LE(value, 24 + 8 * at));
      header.fill(0x5a, 56, 72);
      header.writeBigUInt64LE(2n, 72);
      [128, 128, crc32(entries)].forEach((value, at) => header.writeUInt32LE(value, 80 + 4 * at));
      header.writeUInt32LE(crc32(header.subarray(0, 92)), 16);
      return Buffer.concat([mbr(0xee), header, entries]);
    };
    const LUKS = Buffer.concat([Buffer.from('LUKS\xba\xbe\x00\x01', 'latin1'), Buffer.alloc(1024, 1)]);
    const LVM = Buffer.concat([Buffer.from('LABELONE'), Buffer.alloc(8), Buffer.alloc(4), Buffer.alloc(4)]);

    const damagedExt = (image: string): void => {
      run('mkfs.ext4', '-q', '-F', image);
      write(image, 1024, junk.subarray(0, 1024));
    };
    const damagedXfs = (image: string): void => {
      run('mkfs.xfs', '-q', image);
      write(image, 0, junk.subarray(0, 512));
    };
    interface Content {
      readonly holding: string;
      readonly prepare: (image: string) => void;
      readonly said: RegExp;
      readonly sizeBytes?: number;
    }

    test.each<Content>([
      { holding: 'CP row 99 CPJ 3 a damaged ext4 superblock', prepare: damagedExt, said: /damaged ext.*e2fsck -b/ },
      { holding: 'a damaged xfs superblock', prepare: damagedXfs, said: /damaged xfs.*xfs_repair/, sizeBytes: XFS },
      { holding: 'a GPT table', prepare: (image) => write(image, 0, gpt()), said: /GPT/ },
      { holding: 'an MBR table', prepare: (image) => write(image, 0, mbr(0x83)), said: /MBR/ },
      { holding: 'swap', prepare: (image) => run('mkswap', '-q', image), said: /swap/ },
      { holding: 'LUKS', prepare: (image) => write(image, 0, LUKS), said: /LUKS|unknown data/ },
      { holding: 'LVM', prepare: (image) => write(image, 512, LVM), said: /LVM|unknown data/ },
      { holding: 'data in its middle', prepare: (image) => write(image, 33 * MIB, junk), said: /unknown data/ },
      { holding: 'data at its end', prepare: (image) => write(image, SMALL - 4096, junk), said: /unknown data/ },
      {
        holding: 'CP row 98 xfs where ext4 is asked for',
        prepare: (image) => run('mkfs.xfs', '-q', image),
        said: /holds xfs/,
        sizeBytes: XFS,
      },
    ])('$holding is never formatted', async ({ prepare, said, sizeBytes = SMALL }) => {
      const target = world.addTarget({ prepare, sizeBytes });
      const before = await hashOf(world.imageOf(target.iqn));
      const { code, details } = await outcomeOf(stage(target));
      expect([code, details]).toEqual([9, expect.stringMatching(said)]);
      expect(details).toContain('never formatted');
      await unstage(target);
      expect(await hashOf(world.imageOf(target.iqn))).toBe(before);
    });

    test('CP row 107 a dirty ext4 is repaired and mounted', async () => {
      const target = world.addTarget({ prepare: (image) => run('mkfs.ext4', '-q', '-F', image) });
      run('debugfs', '-w', '-R', 'set_super_value state 0', world.imageOf(target.iqn));
      await stage(target);
      await unstage(target);
      const state = execFileSync('dumpe2fs', ['-h', world.imageOf(target.iqn)], {
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'ignore'],
      });
      expect(state).toMatch(/Filesystem state: +clean/);
    });

    test('CPJ 5 a disk whose mkfs was killed half-way is finished under the same attachment, and refused under another', async () => {
      const target = world.addTarget();
      const record = join(world.folder, 'state', `${target.volumeId}.json`);
      await stage(target);
      await unstage(target);
      // As a killed mkfs leaves it: content without a superblock, and our mark.
      const image = world.imageOf(target.iqn);
      write(image, 1024, junk.subarray(0, 1024));
      await outcomeOf(stage(target));
      const half = JSON.parse(readFileSync(record, 'utf8')) as object;
      const wwid = execFileSync(
        'bash',
        ['-c', `printf 36001405%s "$(printf %s ${target.iqn} | md5sum | cut -c1-25)"`],
        {
          encoding: 'utf8',
        },
      );
      const disk = { bootId: 'earlier', wwid, device: '/dev/none', number: '0:0', isMap: true };
      writeFileSync(record, JSON.stringify({ ...half, phase: 'formatting', disk }));
      const other = { ...target.publishContext, AttachmentId: 'a-other' };
      expect(await codeOf(stage(target, mountAs(), { publishContext: other }))).toBe(9);
      await stage(target);
      await unstage(target);
    });
  });

  describe('when things fail', () => {
    test('CP row 103 one portal refuses: staged all the same, and said so', async () => {
      const target = world.addTarget();
      world.setFault('iscsiadm-nodelogin-198.18.0.12', 8);
      await stage(target);
      await publish(target);
      const volumePath = world.targetPath(target.volumeId);
      const { volumeCondition } = await driver.client.node.nodeGetVolumeStats({
        volumeId: target.volumeId,
        volumePath,
      });
      expect(volumeCondition).toMatchObject({ abnormal: true, message: expect.stringContaining('198.18.0.12') });
      world.setFault('iscsiadm-nodelogin-198.18.0.12');
      await takeDown(target);
    });

    test('CP row 104 both refuse: UNAVAILABLE, and no session is left', async () => {
      const target = world.addTarget();
      world.setFault('iscsiadm-nodelogin', 8);
      expect(await codeOf(stage(target))).toBe(14);
      world.setFault('iscsiadm-nodelogin');
      expect(world.list('sessions')).toEqual([]);
      await stage(target);
      await unstage(target);
    });

    test('CP row 100 CP row 101 CP row 102 a disk that does not appear is waited for, and never formatted unseen', async () => {
      const target = world.addTarget();
      world.setFault('no-link', 1);
      expect(await codeOf(stage(target))).toBe(14);
      const staging = stage(target);
      await waitFor(() => world.list('sessions').length === 2, { what: 'the sessions' });
      world.setFault('no-link');
      await staging.catch(() => stage(target));
      await unstage(target);
    });

    test('CP row 105 a map that leads to another disk is not mounted', async () => {
      const [target, other] = [world.addTarget(), world.addTarget()];
      await stage(other);
      execFileSync('ln', [
        '-s',
        `/dev/${world.list('loops')[0] ?? ''}`,
        join(world.root, 'dev/mapper', target.volumeName),
      ]);
      world.setFault('multipath-make', 1);
      expect(await outcomeOf(stage(target))).toMatchObject({
        code: 13,
        details: expect.stringContaining('leads to the disk'),
      });
      expect(world.mountPoints()).toEqual([world.stagingPath(other.volumeId)]);
      execFileSync('rm', [join(world.root, 'dev/mapper', target.volumeName)]);
      world.setFault('multipath-make');
      await unstage(target);
      await unstage(other);
    });

    test('CP row 123 a busy map: tried again, then INTERNAL, and nothing is logged out', async () => {
      const target = world.addTarget();
      await stage(target);
      world.setFault('multipath-flush', 1);
      expect(await codeOf(unstage(target))).toBe(13);
      expect(world.list('sessions')).toHaveLength(2);
      world.setFault('multipath-flush');
      await unstage(target);
      expect(world.list('sessions')).toEqual([]);
    });

    test('CP row 125 two volumes at once both stand in the bindings', async () => {
      const targets = [world.addTarget(), world.addTarget()];
      await Promise.all(targets.map((target) => stage(target)));
      for (const { volumeName } of targets) expect(world.bindings).toContain(`${volumeName} `);
      await Promise.all(targets.map((target) => unstage(target)));
      expect(world.bindings).toBe('');
    });
  });

  describe('after a restart', () => {
    test('CP row 121 a volume is taken down without metadata, by another process', async () => {
      const target = world.addTarget();
      await stage(target);
      await driver.stop();
      driver = await startNode();
      await unstage(target);
      expect([world.list('sessions'), world.list('nodes'), world.maps()]).toEqual([[], [], []]);
    });

    test('what the Go program staged is taken down without a record', async () => {
      const target = world.addTarget();
      await stage(target);
      execFileSync('rm', ['-r', join(world.folder, 'state')]);
      await unstage(target);
      expect([world.list('sessions'), world.list('nodes'), world.maps(), world.bindings]).toEqual([[], [], [], '']);
    });
  });

  describe('growth', () => {
    const grows = async (type: string): Promise<void> => {
      const target = world.addTarget();
      await stage(target, mountAs(type));
      await publish(target, mountAs(type));
      const volumePath = world.targetPath(target.volumeId);
      const grow = (): Promise<unknown> =>
        driver.client.node.nodeExpandVolume({
          volumeId: target.volumeId,
          volumePath,
          capacityRange: { requiredBytes: BigInt(GIB), limitBytes: 0n },
        });
      const sizeOf = (): number => Number(execFileSync('stat', ['-f', '-c', '%b', volumePath], { encoding: 'utf8' }));
      const before = sizeOf();
      expect(await codeOf(grow())).toBe(14);
      world.resizeTarget(target.iqn, GIB);
      expect(await grow()).toEqual({ capacityBytes: BigInt(GIB) });
      expect(sizeOf()).toBeGreaterThan(1.7 * before);
      await takeDown(target);
    };

    test('CP row 132 CP row 133 xfs: UNAVAILABLE until the disk has grown, then the file system has', () =>
      grows('xfs'));

    const title = 'ext4: UNAVAILABLE until the disk has grown, then the file system has';
    // The kernel lets only those who have it grow a mounted ext4.
    if (hasSysResource()) test(title, () => grows('ext4'));
    else test.skip(`${title} (skipped: needs CAP_SYS_RESOURCE)`, () => {});
  });

  test('CP row 126 a second, different call waits for the first and is told to come back', async () => {
    const target = world.addTarget();
    world.setFault('no-link', 1);
    const staging = stage(target).catch((error: unknown) => error);
    await waitFor(() => world.list('sessions').length === 2, { what: 'the sessions' });
    const { volumeId } = target;
    const request = { volumeId, stagingTargetPath: world.stagingPath(volumeId) };
    expect(await codeOf(driver.client.node.nodeUnstageVolume(request, { timeoutMs: 1_000 }))).toBe(10);
    await staging;
    world.setFault('no-link');
    await unstage(target);
    expect(world.list('sessions').filter((name) => name.endsWith(target.iqn))).toEqual([]);
  });

  describe('the machine', () => {
    test('CP row 134 CP row 137 its identity, topology and limit; host files are written once', async () => {
      const file = join(world.root, 'etc/iscsi/initiatorname.iscsi');
      expect(await driver.client.node.nodeGetInfo({})).toEqual({
        nodeId: world.nodeId,
        maxVolumesPerNode: 0n,
        accessibleTopology: { segments: { 'net.packet.csi/facility': 'ewr1' } },
      });
      expect(readFileSync(file, 'utf8')).toBe('InitiatorName=iqn.2013-05.com.example:worker-1\n');
      const written = execFileSync('stat', ['-c', '%y', file], { encoding: 'utf8' });
      await driver.stop();
      driver = await startNode();
      await driver.client.node.nodeGetInfo({});
      expect(execFileSync('stat', ['-c', '%y', file], { encoding: 'utf8' })).toBe(written);
    });

    test('CP row 135 CP row 136 without metadata: UNAVAILABLE, but for one that was told who it is', async () => {
      const env = { ...world.env, PACKET_METADATA_URL: 'http://127.0.0.1:1' };
      const unknown = await startDriver({ flags: ['--mode=node', ...world.flags], env });
      const told = await startDriver({ flags: ['--mode=node', '--nodeid=worker-7', ...world.flags], env });
      expect(await codeOf(unknown.client.node.nodeGetInfo({}))).toBe(14);
      expect(await told.client.node.nodeGetInfo({})).toMatchObject({ nodeId: 'worker-7' });
      await unknown.stop();
      await told.stop();
    });
  });
});
