// The parts of `npm run release` that decide: names of manifests and images, the published package.json, the steps and their script, options.
import { spawnSync } from 'node:child_process';
import { chmod, mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { packTar } from '../../archive.ts';
import { releasedChangeLog, sectionOf } from '../change-log.mjs';
import { lockWith, replaceVersion } from '../nx-version-actions.mjs';
import { MANIFESTS, pinImages, renderBase, renderManifest, taggedImage } from './app-manifests.ts';
import { publishedManifest } from './library-manifest.ts';
import { parseWholeRelease } from './options.ts';
import { parsePlatform, withImage } from './program-assets.ts';
import { publishProblems } from './publish-check.ts';
import { checksumsFile, describeStep, planPublishing, publishScript } from './release-plan.ts';
import type { Built } from './release-plan.ts';
import { renderPage } from './versioned-pages.ts';

const DIGEST = `sha256:${'a'.repeat(64)}`;

describe('manifests', () => {
  const imageOf = (app: string): string => `registry.example.com/x/${app}:v1@${DIGEST}`;

  test('name our images by digest, and leave those of others', () => {
    const text =
      '  - image: longshore/do-ccm:dev\n    image: registry.example/other:v1\n  image: longshore/csi-packet:v0.1.0\n';
    expect(pinImages(text, imageOf)).toBe(
      `  - image: registry.example.com/x/do-ccm:v1@${DIGEST}\n    image: registry.example/other:v1\n  image: registry.example.com/x/csi-packet:v1@${DIGEST}\n`,
    );
  });

  test('an image that no app has is a mistake', () => {
    expect(() => pinImages('image: longshore/nobody:v1', imageOf)).toThrow(/longshore\/nobody, which no app has/);
  });

  test('comments name the file of the version', () => {
    const [source] = MANIFESTS;
    const text = '# ../token.yml\n# kubectl apply -f releases/digitalocean-cloud-controller-manager/dev.yml\n';
    expect(renderManifest(source!, text, { version: '1.2.3', imageOf })).toBe(
      '# token.yml\n# kubectl apply -f releases/v1.2.3.yml\n',
    );
  });

  test('no two have one place or one name among the files of the release', () => {
    const places = MANIFESTS.map(({ app, to }) => `${app}/${to('1.2.3')}`);
    const assets = MANIFESTS.flatMap(({ asset }) => asset?.('1.2.3') ?? []);
    expect(new Set(places).size).toBe(places.length);
    expect(new Set(assets).size).toBe(assets.length);
  });

  test('tags are those of each app; a registry of one’s own goes before', () => {
    expect(taggedImage('do-ccm', '1.2.3')).toBe('longshore/do-ccm:v1.2.3');
    expect(taggedImage('cloudscale-ccm', '1.2.3', 'r.example/x/')).toBe('r.example/x/cloudscale-ccm:1.2.3');
  });

  test('a base names the manifest of the version', () => {
    expect(renderBase('  - releases/v0.1.0-rc.1.yaml\n  - deploy/x.yaml\n', '0.2.0')).toBe(
      '  - releases/v0.2.0.yaml\n  - deploy/x.yaml\n',
    );
  });
});

test('a published library says where it comes from and how it is published, and nothing of this repository', () => {
  const manifest = {
    name: '@longshore/a',
    version: '0.0.0',
    license: 'Apache-2.0',
    exports: { '.': { '@longshore/source': './src/index.ts', types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist'],
    scripts: { build: 'tsc' },
    dependencies: { '@longshore/b': '0.0.0', yaml: '2.9.1' },
    devDependencies: { jest: '1.0.0' },
    nx: { tags: [] },
  };
  const facts = { version: '1.2.3', repository: 'owner/name', folder: 'packages/a' };
  expect(publishedManifest(manifest, facts)).toEqual({
    name: '@longshore/a',
    version: '1.2.3',
    license: 'Apache-2.0',
    exports: { '.': { types: './dist/index.d.ts', default: './dist/index.js' } },
    files: ['dist'],
    dependencies: { '@longshore/b': '1.2.3', yaml: '2.9.1' },
    repository: { type: 'git', url: 'git+https://github.com/owner/name.git', directory: 'packages/a' },
    homepage: 'https://github.com/owner/name/tree/v1.2.3/packages/a#readme',
    bugs: { url: 'https://github.com/owner/name/issues' },
    publishConfig: { access: 'public', provenance: true },
  });
});

describe('versions by Nx', () => {
  test('the lock file gets the version of all workspaces, and what they say of one another', () => {
    const lock = {
      version: '0.1.0',
      packages: {
        '': { version: '0.1.0' },
        'packages/a': { version: '0.1.0', dependencies: { '@longshore/b': '0.1.0', yaml: '2.9.1' } },
        'node_modules/yaml': { version: '2.9.1' },
      },
    };
    expect(JSON.parse(lockWith(JSON.stringify(lock), '0.2.0'))).toEqual({
      version: '0.2.0',
      packages: {
        '': { version: '0.2.0' },
        'packages/a': { version: '0.2.0', dependencies: { '@longshore/b': '0.2.0', yaml: '2.9.1' } },
        'node_modules/yaml': { version: '2.9.1' },
      },
    });
  });

  test('a package.json keeps its form', () => {
    expect(replaceVersion('{\n  "version": "0.1.0",\n  "x": { "version": "7" }\n}\n', '0.2.0')).toBe(
      '{\n  "version": "0.2.0",\n  "x": { "version": "7" }\n}\n',
    );
  });
});

describe('the change log', () => {
  const before = '# Change log\n\nNewest first.\n\n## 0.1.0 (unreleased)\n\n- one\n';

  test('what was collected becomes the section of the version, below the title', () => {
    const first = releasedChangeLog(before, '0.1.0', '2026-01-02');
    expect(first).toBe('# Change log\n\nNewest first.\n\n## Unreleased\n\n## 0.1.0 (2026-01-02)\n\n- one\n');
    const next = releasedChangeLog(first.replace('## Unreleased\n', '## Unreleased\n\n- two\n'), '1.0.0', '2026-02-03');
    expect(sectionOf(next, '1.0.0')).toBe('- two');
    expect(sectionOf(next, '0.1.0')).toBe('- one');
  });

  test('once more for the same version changes nothing; nothing collected is a mistake', () => {
    const first = releasedChangeLog(before, '0.1.0', '2026-01-02');
    expect(releasedChangeLog(first, '0.1.0', '2026-01-03')).toBe(first);
    expect(() => releasedChangeLog('# Change log\n', '0.1.0', '2026-01-02')).toThrow(/no section "## Unreleased"/);
  });

  test('a version that is not released has no section', () => {
    expect(sectionOf(before, '0.1.0')).toBeUndefined();
    expect(sectionOf(before, '0.1')).toBeUndefined();
  });
});

describe('pages', () => {
  test('name manifests, bases and images of the version', () => {
    const page =
      'kubectl apply -f releases/v0.1.0.yml\n[v0.1.0.yaml](v0.1.0.yaml) `$name/v0.1.0-rc.1-without-cert-manager.yml`\n' +
      'github.com/OWNER/NAME/apps/do-ccm?ref=v0.1.0\nbuild -t longshore/cloudscale-ccm:v0.1.0 .\n';
    expect(renderPage(page, '0.2.0')).toBe(
      'kubectl apply -f releases/v0.2.0.yml\n[v0.2.0.yaml](v0.2.0.yaml) `$name/v0.2.0-without-cert-manager.yml`\n' +
        'github.com/OWNER/NAME/apps/do-ccm?ref=v0.2.0\nbuild -t longshore/cloudscale-ccm:0.2.0 .\n',
    );
  });

  test.each([
    'kubectl apply -f v0.0.4/deployment.yaml',
    'kubectl apply -f https://raw.githubusercontent.com/digitalocean/x/master/releases/x/v0.1.59.yml',
    '| 0.1.0 | the Go program 0.1.0 to 0.1.68 | `longshore/do-ccm:v0.1.0` |',
  ])('of the past they say what they said: %s', (line) => {
    expect(renderPage(line, '0.2.0')).toBe(line);
  });
});

describe('before publishing', () => {
  const right = { changed: [], head: 'a'.repeat(40), tagged: 'a'.repeat(40), hasChangeLog: true };

  test.each([
    { when: 'all is committed and tagged', change: {}, problems: [] },
    { when: 'the tag is still to be made', change: { tagged: undefined }, problems: [] },
    {
      when: 'a file is not committed',
      change: { changed: [' M a.ts'] },
      problems: [/1 files are not committed, such as {2}M a/],
    },
    {
      when: 'the tag is elsewhere',
      change: { tagged: 'b'.repeat(40) },
      problems: [/v1\.2\.3 is on another commit \(bbbbbbbb\)/],
    },
    {
      when: 'nobody prepared it',
      change: { hasChangeLog: false },
      problems: [/no section for 1\.2\.3: npx nx release/],
    },
  ])('when $when', ({ change, problems }) => {
    expect(publishProblems('1.2.3', { ...right, ...change })).toEqual(
      problems.map((problem) => expect.stringMatching(problem) as unknown),
    );
  });
});

describe('publishing', () => {
  const built: Built = {
    version: '1.2.3',
    commit: 'c'.repeat(40),
    repository: 'owner/name',
    images: [{ name: 'do-ccm', image: 'r.example/x/do-ccm:v1.2.3', digest: DIGEST }],
    libraries: [{ name: '@longshore/a', tarball: 'longshore-a-1.2.3.tgz' }],
    assets: ['SHA256SUMS', 'do-ccm-v1.2.3.yml'],
  };
  let folder: string;

  beforeEach(async () => {
    folder = await mkdtemp(path.join(tmpdir(), 'publish-'));
    await mkdir(path.join(folder, 'images'));
    const layout = await packTar([{ kind: 'file', path: '/index.json', content: Buffer.from('{}') }]);
    await writeFile(path.join(folder, 'images/do-ccm.oci.tar'), layout);
    await writeFile(path.join(folder, 'publish.sh'), publishScript(planPublishing(built), built), { mode: 0o755 });
  });
  afterEach(() => rm(folder, { recursive: true }));

  // Programs that only note how they were called.
  async function publish(answers: Readonly<Record<string, string>>): Promise<{ code: number | null; calls: string[] }> {
    const programs = path.join(folder, 'bin');
    await mkdir(programs, { recursive: true });
    for (const name of ['crane', 'npm', 'git', 'gh']) {
      const file = path.join(programs, name);
      await writeFile(file, `#!/bin/sh\necho "${name} $*" >> "${folder}/calls"\n${answers[name] ?? 'exit 0'}\n`);
      await chmod(file, 0o755);
    }
    const env = { PATH: `${programs}:${process.env['PATH']}` };
    const { status } = spawnSync(path.join(folder, 'publish.sh'), { env, cwd: tmpdir(), encoding: 'utf8' });
    return { code: status, calls: (await readFile(path.join(folder, 'calls'), 'utf8')).trim().split('\n') };
  }
  // It has no tag, until one is made.
  const gitWithoutTag = `case "$2" in -q) exit 1;; *^*) echo ${built.commit};; esac`;
  const gitWithTag = `case "$2" in *^*) echo ${built.commit};; esac`;
  const isThere = `case "$1" in digest) echo ${DIGEST};; esac`;

  test('images, libraries, tag and release, in this order', async () => {
    const { code, calls } = await publish({
      crane: isThere,
      npm: '[ "$1" != view ]',
      git: gitWithoutTag,
      gh: '[ "$2" != view ]',
    });
    expect(code).toBe(0);
    expect(calls).toEqual([
      'crane push layouts/do-ccm r.example/x/do-ccm:v1.2.3',
      'crane digest r.example/x/do-ccm:v1.2.3',
      'npm view @longshore/a@1.2.3 version',
      'npm publish libraries/longshore-a-1.2.3.tgz --provenance --access public',
      'git rev-parse -q --verify refs/tags/v1.2.3',
      `git tag -a v1.2.3 -m v1.2.3 ${built.commit}`,
      'git rev-parse v1.2.3^{commit}',
      'git push origin v1.2.3',
      'gh release view v1.2.3 --repo owner/name',
      'gh release create v1.2.3 --repo owner/name --verify-tag --notes-file notes.md assets/SHA256SUMS assets/do-ccm-v1.2.3.yml',
    ]);
  });

  test('what is published already is left alone when the script is started again', async () => {
    const { code, calls } = await publish({ crane: isThere, git: gitWithTag });
    expect(code).toBe(0);
    expect(calls.filter((call) => /publish|git tag|release create/.test(call))).toEqual([]);
  });

  test('an image that was pushed before is only looked at', async () => {
    await rm(path.join(folder, 'images/do-ccm.oci.tar'));
    const { code, calls } = await publish({ crane: isThere, git: gitWithTag });
    expect(code).toBe(0);
    expect(calls.filter((call) => call.startsWith('crane'))).toEqual(['crane digest r.example/x/do-ccm:v1.2.3']);
  });

  test('a tag of another commit ends it before it is pushed', async () => {
    const { code, calls } = await publish({ crane: isThere, git: 'case "$2" in *^*) echo other;; esac' });
    expect(code).not.toBe(0);
    expect(calls.filter((call) => /git push|^gh/.test(call))).toEqual([]);
  });

  test('a registry with another image than the one that was built ends it before anything names the image', async () => {
    const { code, calls } = await publish({ crane: 'case "$1" in digest) echo sha256:other;; esac' });
    expect(code).not.toBe(0);
    expect(calls.filter((call) => !call.startsWith('crane'))).toEqual([]);
  });

  test('a candidate is a pre-release; steps in words', () => {
    const steps = planPublishing({ ...built, version: '1.2.3-rc.1' });
    expect(steps.map(describeStep)).toEqual([
      `push r.example/x/do-ccm:v1.2.3 ${DIGEST}`,
      'publish @longshore/a (longshore-a-1.2.3.tgz) with provenance',
      `make the tag v1.2.3-rc.1 at ${built.commit}`,
      'make the pre-release v1.2.3-rc.1 with 2 assets',
    ]);
  });

  test('checksums are what sha256sum reads, by name', () => {
    const sums = new Map([
      ['b', '2'],
      ['a', '1'],
    ]);
    expect(checksumsFile(sums)).toBe('1  a\n2  b\n');
  });
});

describe('options', () => {
  const defaults = { version: '1.2.3', repository: undefined, env: {} };

  test('a dry run needs nothing; all platforms', () => {
    const platforms = ['linux/amd64', 'linux/arm64', 'darwin/amd64', 'darwin/arm64', 'windows/amd64'].map(
      parsePlatform,
    );
    expect(parseWholeRelease(['--dry-run'], defaults)).toMatchObject({
      kind: 'release',
      options: { isDryRun: true, folder: 'dist/release/v1.2.3', prefix: 'longshore', platforms },
    });
  });

  test('the environment names registry and repository, and the command line overrules it', () => {
    const env = { IMAGE_PREFIX: 'r.example/x', GITHUB_REPOSITORY: 'owner/name' };
    expect(parseWholeRelease([], { ...defaults, env })).toMatchObject({
      options: { prefix: 'r.example/x', repository: 'owner/name', isDryRun: false },
    });
    expect(parseWholeRelease(['--prefix', 'other'], { ...defaults, env })).toMatchObject({
      options: { prefix: 'other' },
    });
  });

  test.each([
    [[], /which repository/],
    [['--dry-run', '--platform', 'plan9/amd64'], /none of linux, darwin, windows/],
    [['--no-such'], /no-such/],
  ])('%j is a mistake', (argv, message) => {
    expect(parseWholeRelease(argv, defaults)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  test('a platform', () => {
    expect(parsePlatform('darwin/arm64')).toEqual({ os: 'darwin', arch: 'arm64' });
    expect(parsePlatform('linux')).toBeUndefined();
  });
});

test('generate-yaml.sh of a release takes its image unless IMG says another', () => {
  expect(withImage('#!/bin/sh\nset -eu\nrest\n', 'r.example/x:1')).toBe(
    '#!/bin/sh\nset -eu\nIMG=${IMG:-r.example/x:1}\nrest\n',
  );
  expect(() => withImage('#!/bin/sh\n', 'x')).toThrow(/no line "set -eu"/);
});
