// `npm run release -- --dry-run` as a maintainer starts it, and what comes out of it as users take it: the archive from an empty folder, the
// manifests, the libraries, the checksums; and the manifests of the tree are those of the version. Images are those of a report: building
// them is tested elsewhere (image.int.spec.ts).
import { execFile } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals';
import { ManifestFolder } from '@longshore/k8s-runtime/testing';
import { APP_IMAGES, imageApps } from '../../app-names.ts';
import { root } from '../../config.ts';
import { writeTree } from './build-release.ts';

const LONG_MS = 600_000;
const execute = promisify(execFile);
const isAmd64Linux = process.platform === 'linux' && process.arch === 'x64';
const PREFIX = 'registry.example.com/platform';
const digestOf = (app: string): string => `sha256:${createHash('sha256').update(app).digest('hex')}`;

let folder: string;
let out: string;
let version: string;
let printed: string;

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'whole-release-'));
  out = path.join(folder, 'out');
  ({ version } = JSON.parse(await readFile(path.join(root, 'package.json'), 'utf8')) as { version: string });
  const reports = imageApps.map((name) => ({ name, image: nameOf(name), digest: digestOf(name) }));
  const images = path.join(folder, 'images.json');
  await writeFile(images, JSON.stringify(reports));
  const main = path.join(root, 'tools/image/src/release/everything/main.ts');
  const flags = ['--dry-run', '--no-build', `--images=${images}`, '--platform=linux/amd64', `--output=${out}`];
  const args = ['--conditions=@longshore/source', main, ...flags, '--repository=owner/name'];
  ({ stdout: printed } = await execute(process.execPath, args, { cwd: root, maxBuffer: 1 << 24 }));
}, LONG_MS);
afterAll(() => rm(folder, { recursive: true, force: true }));

function nameOf(app: (typeof imageApps)[number]): string {
  return `${PREFIX}/${app}:${APP_IMAGES[app].tagPrefix}${version}`;
}

test('says what would be published, and publishes nothing', () => {
  expect(printed).toContain('Dry run: nothing was published.');
  for (const app of imageApps) expect(printed).toContain(`push ${nameOf(app)} ${digestOf(app)}`);
  expect(printed).toContain('publish @longshore/cloud-provider ');
  expect(printed).toMatch(new RegExp(`make the release v${version} with \\d+ assets`));
});

test('every manifest names every image of ours by digest, and is YAML', async () => {
  const manifests = (await readdir(path.join(out, 'manifests'), { recursive: true })).filter((file) =>
    /\.ya?ml$/.test(file),
  );
  expect(manifests).toEqual(
    expect.arrayContaining([`do-ccm/releases/v${version}.yml`, 'csi-packet/deploy/kubernetes/node.yaml']),
  );
  const reader = new ManifestFolder(path.join(out, 'manifests'));
  const seen = new Set<string>();
  for (const file of manifests) {
    expect(reader.objectsOf(file).length).toBeGreaterThan(0);
    expect(reader.textOf(file)).not.toMatch(/image: longshore\//);
    for (const [, image = ''] of reader.textOf(file).matchAll(/image: (registry\.example\.com\S+)/g)) seen.add(image);
  }
  expect([...seen].toSorted()).toEqual(imageApps.map((app) => `${nameOf(app)}@${digestOf(app)}`).toSorted());
});

test('the checksums are those of all files beside them', async () => {
  const assets = path.join(out, 'assets');
  const { stdout } = await execute('sha256sum', ['--check', '--strict', 'SHA256SUMS'], { cwd: assets });
  const others = (await readdir(assets)).filter((name) => name !== 'SHA256SUMS').toSorted();
  expect(stdout.trim().split('\n')).toEqual(others.map((name) => `${name}: OK`));
});

test('libraries are complete and ready for provenance', async () => {
  const tarballs = (await readdir(path.join(out, 'libraries'))).toSorted();
  const names = (await readdir(path.join(root, 'packages'))).map((name) => `longshore-${name}-${version}.tgz`);
  expect(tarballs).toEqual(names.toSorted());
  for (const tarball of tarballs) {
    const archive = path.join(out, 'libraries', tarball);
    const { stdout } = await execute('tar', ['-xzOf', archive, 'package/package.json']);
    expect(JSON.parse(stdout)).toMatchObject({
      version,
      license: 'Apache-2.0',
      repository: { url: 'git+https://github.com/owner/name.git', directory: expect.stringMatching(/^packages\//) },
      publishConfig: { access: 'public', provenance: true },
      files: expect.arrayContaining(['dist']),
    });
    const { stdout: listed } = await execute('tar', ['-tzf', archive]);
    expect(listed.split('\n')).toEqual(
      expect.arrayContaining(['package/LICENSE', 'package/README.md', 'package/dist/index.js']),
    );
    expect(listed).not.toMatch(/package\/src\/|\.spec\./);
  }
});

(isAmd64Linux ? describe : describe.skip)('the archive for linux/amd64, unpacked in an empty folder', () => {
  const env = (): NodeJS.ProcessEnv => ({
    PATH: '/usr/bin:/bin',
    HOME: folder,
    XDG_CACHE_HOME: path.join(folder, 'cache'),
  });
  let place: string;

  beforeAll(async () => {
    const empty = await mkdtemp(path.join(folder, 'empty-'));
    const name = `cluster-api-provider-packet-v${version}-linux-amd64`;
    await execute('tar', ['-xzf', path.join(out, 'assets', `${name}.tar.gz`)], { cwd: empty });
    expect(await readdir(empty)).toEqual([name]);
    place = path.join(empty, name);
  }, LONG_MS);

  test.each([
    { program: 'clusterctl', says: (of: string) => `${of}\n` },
    { program: 'manager', says: (of: string) => `manager v${of}\n` },
  ])(
    '$program --version runs without Node on the machine',
    async ({ program, says }) => {
      const { stdout } = await execute(path.join(place, 'bin', program), ['--version'], { cwd: place, env: env() });
      expect(stdout).toBe(says(version));
    },
    LONG_MS,
  );

  test(
    'generate-yaml.sh writes the files for clusterctl, with the released images',
    async () => {
      const settings = {
        PACKET_PROJECT_ID: '93125c2a-8b78-4d4f-a3c4-7367d6b7cca8',
        PACKET_API_KEY: 'a-key',
        CLUSTER_NAME: 'test1',
      };
      await execute(path.join(place, 'generate-yaml.sh'), [], { cwd: folder, env: { ...env(), ...settings } });
      const written = (await readdir(path.join(place, 'out/packet'))).toSorted();
      expect(written).toEqual(['addons.yaml', 'cluster.yaml', 'machines.yaml', 'provider-components.yaml']);
      const components = await readFile(path.join(place, 'out/packet/provider-components.yaml'), 'utf8');
      const image = `${nameOf('capi-packet-manager')}@${digestOf('capi-packet-manager')}`;
      expect([...components.matchAll(/image: (registry\S+)/g)].map(([, name]) => name)).toEqual([image, image]);
      const addons = await readFile(path.join(place, 'out/packet/addons.yaml'), 'utf8');
      const named = [...addons.matchAll(/image: (\S+\/(?:packet-ccm|csi-packet)[:@]\S+)/g)].map(([, name]) => name);
      const released = (['csi-packet', 'packet-ccm'] as const).map((app) => `${nameOf(app)}@${digestOf(app)}`);
      expect([...new Set(named)].toSorted()).toEqual(released);
    },
    LONG_MS,
  );

  test('provider-components.yaml is that of the release', async () => {
    const [inArchive, besides] = await Promise.all([
      readFile(path.join(place, 'provider-components.yaml'), 'utf8'),
      readFile(path.join(out, 'assets/provider-components.yaml'), 'utf8'),
    ]);
    expect(inArchive).toBe(besides);
  });
});

test(
  'the manifests and bases of the tree are those of its version',
  async () => {
    const tree = path.join(folder, 'tree');
    const files = await writeTree(version, tree);
    const other: string[] = [];
    for (const file of files) {
      const [made, kept] = await Promise.all([tree, root].map((one) => readFile(path.join(one, file), 'utf8')));
      if (made !== kept) other.push(file);
    }
    // After a change: npm run release -- --write-tree
    expect(other).toEqual([]);
  },
  LONG_MS,
);
