// The tools in csi-packet's image work with nothing but what is in the image: every program starts, and file systems are made, checked,
// grown, mounted and repaired on a loop device. Needs root and namespaces; mounts need loop devices.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { buildImages, makeBases } from './build-image.ts';
import { imageCache, root } from './config.ts';
import { CSI_TOOLS } from './csi-tools.ts';
import { archOf } from './debian-files.ts';
import { writeRootfs } from './write-images.ts';

const isRoot = process.getuid?.() === 0 && spawnSync('unshare', ['--mount', '--pid', '--fork', 'true']).status === 0;
const describeAsRoot = isRoot ? describe : describe.skip;
const hasLoops = isRoot && spawnSync('losetup', ['--find']).status === 0;
const testWithLoops = hasLoops ? test : test.skip;
const GIB = 1024 ** 3;

// The image's root with the machine's /dev, /sys and /proc, in a mount namespace that ends with the command. No shell is in the image, so the
// steps are a program for its Node.
const ENTER =
  'mount --bind "$0" "$0" && mount --rbind /dev "$0/dev" && mount --rbind /sys "$0/sys" && mount -t proc proc "$0/proc" && exec unshare --root "$0" --wd / "$@"';

/** What each program says when it is asked who it is. */
const WHO: Readonly<Record<string, readonly [args: readonly string[], answer: RegExp]>> = {
  iscsiadm: [['--version'], /iscsiadm version 2/],
  multipath: [['-h'], /multipath-tools v0/],
  multipathd: [['-h'], /Invalid argument '-h'/],
  dmsetup: [['--help'], /message/],
  scsi_id: [['--version'], /^252/],
  chroot: [['--version'], /GNU coreutils/],
  mke2fs: [['-V'], /mke2fs 1\.47/],
  e2fsck: [['-V'], /e2fsck 1\.47/],
  resize2fs: [[], /resize2fs 1\.47/],
  'mkfs.xfs': [['-V'], /mkfs\.xfs version 6/],
  xfs_repair: [['-V'], /xfs_repair version 6/],
  xfs_growfs: [['-V'], /xfs_growfs version 6/],
  'mkfs.ext3': [['-V'], /mke2fs 1\.47/],
  'mkfs.ext4': [['-V'], /mke2fs 1\.47/],
  'fsck.ext3': [['-V'], /e2fsck 1\.47/],
  'fsck.ext4': [['-V'], /e2fsck 1\.47/],
  modprobe: [['--version'], /kmod version/],
  kmod: [['--version'], /kmod version/],
};
const UTIL_LINUX: readonly [readonly string[], RegExp] = [['--version'], /from util-linux 2\.38/];

let folder: string;
let rootfs: string;

async function inImage(command: readonly string[]): Promise<string> {
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin:/lib/udev' };
  const args = ['--mount', '--pid', '--fork', 'sh', '-c', ENTER, rootfs, ...command];
  const ended = await promisify(execFile)('unshare', args, { env }).catch(
    (error: { readonly stdout: string; readonly stderr: string }) => error,
  );
  return ended.stdout + ended.stderr;
}

/** Runs commands one after the other in the image; the output of each, or what went wrong first. */
async function steps(...commands: readonly (readonly string[])[]): Promise<readonly string[]> {
  const script = `
    const { spawnSync } = require('node:child_process');
    const outputs = [];
    for (const [program, ...args] of ${JSON.stringify(commands)}) {
      const { status, stdout, stderr, error } = spawnSync(program, args, { encoding: 'utf8' });
      outputs.push(status === 0 ? stdout : [program, ...args].join(' ') + ' ended with ' + (status ?? error) + ': ' + stderr);
      if (status !== 0) break;
    }
    console.log(JSON.stringify(outputs));`;
  const output = await inImage(['/app/node', '-e', script]);
  return JSON.parse(output) as readonly string[];
}

describeAsRoot('the tools in the image of csi-packet (skipped without root and namespaces)', () => {
  beforeAll(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'longshore-csi-image-'));
    rootfs = path.join(folder, 'root');
    const settings = {
      ...{ root, cacheFolder: imageCache(), isReusingLayers: true, platforms: [archOf(process.arch)] },
      ...({ libraries: 'auto', created: '1970-01-01T00:00:00Z', prefix: 'longshore', labels: {} } as const),
      onProgress: () => {},
    };
    const built = await buildImages('csi-packet', await makeBases(settings), settings);
    await writeRootfs(built.parts[0]!.entries, rootfs);
    for (const name of ['dev', 'sys', 'proc', 'mnt']) await mkdir(path.join(rootfs, name));
  }, 300_000);

  afterAll(() => rm(folder, { recursive: true, force: true }));

  test.each([...CSI_TOOLS.programs, ...Object.keys(CSI_TOOLS.links)].map((file) => path.basename(file)))(
    '%s starts',
    async (name) => {
      const [args, answer] = WHO[name] ?? UTIL_LINUX;
      const output = await inImage([name, ...args]);
      expect(output).toMatch(answer);
      expect(output).not.toMatch(/error while loading shared libraries|not found/);
    },
  );

  describe('with a loop device', () => {
    let image: string;
    let device: string;
    beforeAll(async () => {
      if (!hasLoops) return;
      image = path.join(folder, 'disk.img');
      await writeFile(image, '');
      await truncate(image, GIB);
      device = (await promisify(execFile)('losetup', ['--find', '--show', image])).stdout.trim();
    });
    afterAll(() => {
      if (hasLoops) spawnSync('losetup', ['--detach', device]);
    });

    testWithLoops('make, check, mount, grow and repair ext4 and xfs (skipped without loop devices)', async () => {
      const [, ext4] = await steps(
        ['mkfs.ext4', '-q', '-F', '-m', '0', device],
        ['blkid', '-p', '-o', 'export', device],
      );
      expect(ext4).toMatch(/^TYPE=ext4$/m);
      const mounted = await steps(
        ['fsck', '-T', '-t', 'ext4', device, '-p'],
        ['mount', '-t', 'ext4', '-o', 'noatime', device, '/mnt'],
        ['findmnt', '-n', '-o', 'FSTYPE,OPTIONS', '/mnt'],
        ['umount', '/mnt'],
        ['e2fsck', '-f', '-p', device],
      );
      expect(mounted).toHaveLength(5);
      expect(mounted[2]).toMatch(/^ext4 .*noatime/);
      await truncate(image, 2 * GIB);
      spawnSync('losetup', ['--set-capacity', device]);
      const grown = await steps(
        ['resize2fs', device],
        ['blockdev', '--getsize64', device],
        ['mkfs.xfs', '-q', '-f', device],
        ['xfs_repair', '-n', device],
        ['mount', '-t', 'xfs', device, '/mnt'],
        ['xfs_growfs', '-d', '/mnt'],
        ['lsblk', '-n', '-o', 'MOUNTPOINT', device],
        ['umount', '/mnt'],
      );
      expect(grown).toHaveLength(8);
      expect(grown[1]!.trim()).toBe(String(2 * GIB));
      expect(grown[6]!.trim()).toBe('/mnt');
    });
  });
});
