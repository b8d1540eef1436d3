// The images of the built programs: the same digest when they are built again, nothing in them that should not be, and started by the kernel
// from their own files as nobody (csi-packet: as root) on a read-only root. Needs `npm run build` (npm test does it first) and Debian's packages or glibc.
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { execFile, spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { APP_IMAGES, imageApps } from './app-names.ts';
import { unpackTar } from './archive.ts';
import { buildImages, makeBases } from './build-image.ts';
import type { Base, BuildSettings, BuiltImages } from './build-image.ts';
import { imageCache, root } from './config.ts';
import { crane, pushImages } from './push.ts';
import { PUBLISHED_STARTS } from './test-support/published-starts.ts';
import { readElf } from './elf.ts';
import { packLayout } from './oci-layout.ts';
import { archOf } from './runtime-libraries.ts';
import { startRegistry } from './test-support/registry.ts';
import type { Registry } from './test-support/registry.ts';
import { writeImages, writeRootfs } from './write-images.ts';

// Root alone is not enough where a container forbids namespaces.
const canUnshare = spawnSync('unshare', ['--mount', '--net', '--pid', '--fork', 'true']).status === 0;
const testAsRoot = process.getuid?.() === 0 && canUnshare ? test : test.skip;
const arch = archOf(process.arch);
const MAX_BYTES = 45_000_000;
const MAX_TOOLS_BYTES = 10_000_000;

const settings: BuildSettings = {
  root,
  cacheFolder: imageCache(),
  isReusingLayers: true,
  platforms: [arch],
  libraries: 'auto',
  created: '1970-01-01T00:00:00Z',
  prefix: 'longshore',
  labels: {},
  onProgress: () => {},
};

// A mount namespace of its own: the root is bound onto itself, read-only, and becomes the root of a process that is nobody.
const START =
  'mount --bind "$0" "$0" && mount -o remount,bind,ro "$0" && user=$1 && shift && exec unshare --setgid "$user" --setuid "$user" --root "$0" --wd /app "$@"';

// As a container runtime starts it, in the image's working folder.
async function startIn(rootfs: string, command: readonly string[], user: number): Promise<string> {
  const args = ['--mount', '--net', '--pid', '--fork', 'sh', '-c', START, rootfs, String(user), ...command];
  const env = { PATH: '/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin' };
  const { stdout } = await promisify(execFile)('unshare', args, { env });
  return stdout;
}

async function unpack({ app, parts: [only] }: BuiltImages): Promise<string> {
  const rootfs = path.join(folder, `${app}-root`);
  if (!existsSync(rootfs)) await writeRootfs(only!.entries, rootfs);
  return rootfs;
}

let folder: string;
let bases: readonly Base[];
const images = new Map<string, BuiltImages>();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'longshore-image-'));
  bases = await makeBases(settings);
  for (const app of imageApps) images.set(app, await buildImages(app, bases, settings));
}, 300_000);

afterAll(() => rm(folder, { recursive: true, force: true }));

describe.each(imageApps)('the image of %s', (app) => {
  const built = (): BuiltImages => images.get(app)!;

  test('has the same digest when it is built again', async () => {
    const again = await buildImages(app, bases, { ...settings, isReusingLayers: false });
    expect(again.images[0]!.manifest.digest).toBe(built().images[0]!.manifest.digest);
    const archives = [await packLayout([again]), await packLayout([built()])] as const;
    expect(archives[0].equals(archives[1])).toBe(true);
  });

  test('another label makes another digest', async () => {
    const other = await buildImages(app, bases, { ...settings, labels: { revision: 'abc' } });
    expect(other.images[0]!.manifest.digest).not.toBe(built().images[0]!.manifest.digest);
    expect(other.images[0]!.layers).toEqual(built().images[0]!.layers);
  });

  test('is small enough', () => {
    const { layers, sizeBytes } = built().images[0]!;
    expect(layers).toHaveLength(APP_IMAGES[app].tools ? 3 : 2);
    const tools = layers.slice(1, -1).reduce((sum, { size }) => sum + size, 0);
    expect(tools).toBeLessThanOrEqual(MAX_TOOLS_BYTES);
    expect(sizeBytes - tools).toBeLessThanOrEqual(MAX_BYTES);
  });

  test('holds no shell, sources, maps, development packages, keys, or paths of this machine', () => {
    const { entries, sbom } = built().parts[0]!;
    const paths = entries.map(({ path: file }) => file);
    expect(
      paths.filter((file) =>
        /(^|\/)(ba|da)?sh$|busybox|\.map$|\.ts$|\.env|\.npmrc|node_modules|\.pem$|\.key$/.test(file),
      ),
    ).toEqual([]);
    const { packages } = JSON.parse(String(sbom)) as { packages: readonly { name: string }[] };
    const parts = packages.map(({ name }) => name);
    expect(parts).toEqual(expect.arrayContaining(['node', 'axios', 'winston']));
    for (const name of ['jest', 'typescript', 'esbuild', 'nx', 'eslint', 'fastify', 'fast-check'])
      expect(parts).not.toContain(name);
    const own = entries.filter(({ path: file }) => file.startsWith('/app/') && file !== '/app/node');
    const text = own.map((entry) => (entry.kind === 'file' ? String(entry.content) : '')).join('\n');
    expect(text).not.toContain(root);
    expect(text).not.toMatch(
      /-----BEGIN [A-Z ]*PRIVATE KEY-----\n[A-Za-z0-9+/]{20}|npm_[A-Za-z0-9]{36}|ghp_[A-Za-z0-9]{36}/,
    );
    const manifest = own.find(({ path: file }) => file === '/app/package.json');
    expect(manifest?.kind === 'file' && JSON.parse(String(manifest.content))).not.toHaveProperty('devDependencies');
  });

  test('has every library that its programs need, and nothing that belongs to anybody', async () => {
    const { entries } = built().parts[0]!;
    const names = new Set(entries.map(({ path: file }) => path.basename(file)));
    const links = entries.flatMap((entry) => (entry.kind === 'link' ? [entry] : []));
    const files = new Set(entries.map(({ path: file }) => file));
    expect(
      links.filter(({ path: file, target }) => !files.has(path.posix.resolve(path.posix.dirname(file), target))),
    ).toEqual([]);
    const programs = entries.filter(
      (entry) => entry.kind === 'file' && entry.content.subarray(1, 4).equals(Buffer.from('ELF')),
    );
    expect(programs.length).toBeGreaterThan(5);
    for (const program of programs) {
      const { needed } = readElf(program.kind === 'file' ? program.content : Buffer.alloc(0), program.path);
      expect(needed.filter((name) => !names.has(name))).toEqual([]);
    }
    expect(entries.filter((entry) => entry.kind === 'file' && (entry.mode ?? 0) & 0o6022)).toEqual([]);
  });

  testAsRoot(
    'starts as its user on a read-only root, without a shell, under every name (skipped without root and namespaces)',
    async () => {
      const rootfs = await unpack(built());
      expect(existsSync(path.join(rootfs, 'bin/sh'))).toBe(false);
      const { programs: [program] = [app], isRoot } = APP_IMAGES[app];
      const user = isRoot ? 0 : 65532;
      const start = (...command: readonly string[]): Promise<string> => startIn(rootfs, command, user);
      const version = `${program} v${built().version}\n`;
      const ownFlag = app === 'csi-packet' ? '--endpoint' : '--leader-elect';
      expect(await start('/app/node', '/app/main.js', '--version')).toBe(version);
      expect(await start('/app/node', '/app/main.js', '--help')).toContain(ownFlag);
      for (const { path: file, args, program: other = program } of APP_IMAGES[app].startPaths) {
        if (other !== program) expect(await start(file, '--version')).toContain(built().version);
        else if (args) expect(await start(file, '--help')).not.toContain(ownFlag);
        else expect(await start(file, '--version')).toBe(version);
      }
      const write =
        'try { fs.writeFileSync("/tmp/x", ""); } catch (e) { console.log(e.code, process.getuid(), process.getgid()); }';
      expect(await start('/app/node', '-e', write)).toBe(`EROFS ${user} ${user}\n`);
    },
  );

  // Which is `exec` of a file that the kernel starts, by a path, a path relative to the working folder, or a name on the path of the image.
  testAsRoot.each(PUBLISHED_STARTS.filter((one) => one.app === app))(
    'is started by $manifest, as published for the Go program (skipped without root and namespaces)',
    async ({ command = ['/app/node', '/app/main.js'], args }) => {
      const { programs: [program] = [app], isRoot } = APP_IMAGES[app];
      const started = await startIn(await unpack(built()), [...command, ...args, '--version'], isRoot ? 0 : 65532);
      expect(started).toBe(`${program} v${built().version}\n`);
    },
  );
});

describe('all images', () => {
  test('have the same shared layer when it is compressed again', async () => {
    const [again] = await makeBases({ ...settings, isReusingLayers: false });
    expect(again!.layer.digest).toBe(bases[0]!.layer.digest);
    expect(again!.layer.bytes.equals(bases[0]!.layer.bytes)).toBe(true);
  }, 300_000);

  test('share one layer, which a layout and a registry store once', async () => {
    for (const one of images.values()) await writeImages(one, 'oci', folder);
    const blobs = await readdir(path.join(folder, 'oci/blobs/sha256'));
    const withTools = imageApps.filter((app) => APP_IMAGES[app].tools);
    expect(blobs).toHaveLength(1 + 3 * imageApps.length + withTools.length);
    const bases = new Set([...images.values()].map(({ images: [image] }) => image!.layers[0]!.digest));
    expect(bases.size).toBe(1);
    const sbom = JSON.parse(await readFile(path.join(folder, `do-ccm-linux-${arch}.spdx.json`), 'utf8'));
    expect(sbom.name).toMatch(/^do-ccm-/);
  });

  describe('and a registry', () => {
    let registry: Registry;
    beforeAll(async () => {
      registry = await startRegistry(folder);
    });
    afterAll(() => registry.stop());

    test('which is given an image has its digest, configuration and files', async () => {
      const one = images.get('do-ccm')!;
      const reference = `${registry.host}/longshore/do-ccm:v1`;
      expect(await pushImages(one, reference)).toBe(one.images[0]!.manifest.digest);
      const config = JSON.parse(await crane(['config', reference]));
      expect(config.config).toMatchObject({ User: '65532:65532', Entrypoint: ['/app/node', '/app/main.js'] });
      const archive = path.join(folder, 'exported.tar');
      await crane(['export', reference, archive]);
      const files = (await unpackTar(await readFile(archive))).map(({ path: file }) => file);
      expect(files).toEqual(expect.arrayContaining(['/app/main.js', '/bin/digitalocean-cloud-controller-manager']));
    });

    test('whose tool does not read all that it is given is not taken for a failure', async () => {
      const moreThanAPipeHolds = 'x'.repeat(1024 * 1024);
      expect(await crane(['version'], {}, moreThanAPipeHolds)).toMatch(/^\S+\s*$/);
    });
  });
});
