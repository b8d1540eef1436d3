import { describe, expect, test } from '@jest/globals';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { root } from '../config.ts';
import { zipOf } from '../test-support/zip-file.ts';
import { renderConfig, renderNotes } from './documents.ts';
import { parseRelease } from './options.ts';
import { releaseFolder, renderReleases } from './releases-in-tree.ts';
import { checkPreflight, isNewest } from './preflight.ts';
import type { PreflightFacts } from './preflight.ts';
import { INCREMENTS, compareVersions, formatVersion, newestOf, nextVersion, parseVersion } from './version.ts';
import type { Version } from './version.ts';
import { readZip } from './zip.ts';

const v = (text: string): Version => parseVersion(text)!;
const all = { GITHUB_TOKEN: 't', QUAY_BOT_USER: 'u', QUAY_BOT_PASS: 'p' };

describe('the next version', () => {
  test.each([
    { old: '1.3.0', increment: 'minor', isPre: false, next: '1.4.0' },
    { old: '1.3.0', increment: 'minor', isPre: true, next: '1.4.0-rc.1' },
    { old: '1.4.0-rc.1', increment: 'minor', isPre: true, next: '1.4.0-rc.2' },
    { old: '1.4.0-rc.1', increment: 'minor', isPre: false, next: '1.4.0' },
    { old: '1.3.4', increment: 'major', isPre: false, next: '2.0.0' },
    { old: '1.3.4', increment: 'patch', isPre: true, next: '1.3.5-rc.1' },
  ] as const)('CS row 81 after $old, $increment, pre $isPre: $next', ({ old, increment, isPre, next }) => {
    expect(formatVersion(nextVersion(v(old), increment, isPre))).toBe(next);
  });

  test('CS row 81 is always newer than the old one', () => {
    for (const old of ['0.0.0', '1.2.3', '1.2.3-rc.9', '10.0.0-rc.1']) {
      for (const increment of INCREMENTS) {
        for (const isPre of [true, false]) {
          expect(compareVersions(nextVersion(v(old), increment, isPre), v(old))).toBeGreaterThan(0);
        }
      }
    }
  });

  test('a candidate is older than its release and newer than the one before', () => {
    const sorted = ['1.3.9', '1.4.0-rc.1', '1.4.0-rc.2', '1.4.0-rc.10', '1.4.0', '1.10.0'];
    expect(sorted.toReversed().map(v).sort(compareVersions).map(formatVersion)).toEqual(sorted);
    expect(newestOf(sorted.map(v))).toEqual(v('1.10.0'));
  });

  test.each(['v1.2.3', '1.2', '1.2.3-beta', '1.2.3-rc.0', '01.2.3', ''])('"%s" is no version', (text) => {
    expect(parseVersion(text)).toBeUndefined();
  });
});

describe('the command line of helpers/release', () => {
  test('without credentials it is a dry run of main', () => {
    expect(parseRelease(['create', 'minor'], {})).toMatchObject({
      kind: 'create',
      options: { increment: 'minor', isPre: false, ref: 'main', credentials: undefined },
    });
  });

  test('with credentials, under both of their names, it is a release; --dry-run makes it none', () => {
    const credentials = { githubToken: 't', registryUser: 'u', registryPassword: 'p' };
    expect(parseRelease(['create', 'minor'], all)).toMatchObject({ options: { credentials } });
    const older = { GITHUB_TOKEN: 't', QUAY_USER: 'u', QUAY_PASS: 'p' };
    expect(parseRelease(['create', 'minor'], older)).toMatchObject({ options: { credentials } });
    expect(parseRelease(['create', 'minor', '--dry-run'], all)).toMatchObject({ options: { credentials: undefined } });
  });

  test.each([
    { argv: ['create', 'minor', '--ref', 'test/branch'], env: {}, message: /add --pre/ },
    { argv: ['create'], env: {}, message: /major\|minor\|patch/ },
    { argv: ['create', 'huge'], env: {}, message: /major\|minor\|patch/ },
    { argv: ['list'], env: {}, message: /major\|minor\|patch/ },
    { argv: ['create', 'minor', '--old-version', 'v1'], env: {}, message: /no version/ },
    { argv: ['create', 'minor'], env: { GITHUB_TOKEN: 'secret' }, message: /^QUAY_BOT_USER, QUAY_BOT_PASS not set/ },
  ])('$argv with $env is a mistake', ({ argv, env, message }) => {
    expect(parseRelease(argv, env)).toEqual({ kind: 'mistake', message: expect.stringMatching(message) });
  });

  test('another branch can be a pre-release', () => {
    expect(parseRelease(['create', 'minor', '--pre', '--ref', 'test/branch'], {})).toMatchObject({ kind: 'create' });
  });
});

describe('the checks before a release', () => {
  const run = { id: 1, url: 'http://x/1', conclusion: 'success', hasImage: true };
  const facts: PreflightFacts = {
    version: v('1.4.0'),
    commit: 'abc',
    isOnMain: true,
    releases: [{ tag: '1.3.0', commit: 'old', isPre: false }],
    imageTags: ['1.3.0', 'latest'],
    run,
    registryProblem: undefined,
  };

  test('nothing is wrong', () => {
    expect(checkPreflight(facts)).toEqual([]);
  });

  test.each([
    {
      when: 'the release is there',
      over: { releases: [{ tag: '1.4.0', commit: 'x', isPre: false }] },
      isFatal: false,
      message: /1\.4\.0 already exists as a release/,
    },
    {
      when: 'the image is there',
      over: { imageTags: ['1.4.0'] },
      isFatal: false,
      message: /already exists as an image/,
    },
    {
      when: 'the commit is released',
      over: { releases: [{ tag: '1.3.9', commit: 'abc', isPre: false }] },
      isFatal: false,
      message: /already has a release/,
    },
    {
      when: 'the tests still run',
      over: { run: { ...run, conclusion: undefined } },
      isFatal: false,
      message: /has not ended/,
    },
    {
      when: 'the tests failed',
      over: { run: { ...run, conclusion: 'failure' } },
      isFatal: false,
      message: /no success: failure/,
    },
    { when: 'nothing was tested', over: { run: undefined }, isFatal: true, message: /no run of the tests/ },
    {
      when: 'there is no tested image',
      over: { run: { ...run, hasImage: false } },
      isFatal: true,
      message: /no artifact tested-image/,
    },
    { when: 'the registry refuses', over: { registryProblem: 'unauthorized' }, isFatal: true, message: /unauthorized/ },
    {
      when: 'the commit is not on main',
      over: { isOnMain: false },
      isFatal: true,
      message: /not part of the main branch/,
    },
  ])('$when', ({ over, isFatal, message }) => {
    expect(checkPreflight({ ...facts, ...over })).toEqual([{ isFatal, message: expect.stringMatching(message) }]);
  });

  test('a pre-release may come from anywhere', () => {
    expect(checkPreflight({ ...facts, version: v('1.4.0-rc.1'), isOnMain: false })).toEqual([]);
  });

  test.each([
    { version: '1.4.0', others: ['1.3.0', '1.5.0-rc.1'], expected: true },
    { version: '1.3.1', others: ['1.4.0'], expected: false },
    { version: '1.4.0-rc.1', others: [], expected: false },
  ])('$version beside $others is the newest: $expected', ({ version, others, expected }) => {
    expect(isNewest(v(version), others.map(v), compareVersions)).toBe(expected);
  });
});

describe('the documents of a release', () => {
  const facts = {
    version: '1.4.0',
    image: 'registry.example/a/b',
    digest: 'sha256:abc',
    commit: 'c0ffee',
    repositoryUrl: 'https://h/o/n',
  };

  test('CS row 82 in the manifest, `:latest` becomes the tested image, once per image, and nothing else changes', () => {
    const manifest = readFileSync(path.join(root, 'apps/cloudscale-ccm/deploy/latest.yml'), 'utf8');
    const config = renderConfig(manifest, facts);
    expect(config.match(/^\s+image: .*$/gm)).toEqual(['          image: registry.example/a/b:1.4.0@sha256:abc']);
    const lines = (text: string): readonly string[] => text.split('\n').filter((line) => !/image: |^#/.test(line));
    expect(lines(config)).toEqual(lines(manifest));
  });

  test('CS row 82 a manifest without such an image is refused', () => {
    expect(() => renderConfig('image: a/b:1.0.0\n', facts)).toThrow(/names no image with the tag latest/);
  });

  test('the notes have the command for exactly this version, and the digest', () => {
    expect(renderNotes(facts)).toContain('kubectl apply -f https://h/o/n/releases/download/1.4.0/config.yml');
    expect(renderNotes(facts)).toContain('sha256:abc');
  });
});

test('apps/cloudscale-ccm/releases is what write-config.ts makes of deploy/latest.yml', async () => {
  for (const [name, content] of await renderReleases()) {
    expect(readFileSync(path.join(releaseFolder, name), 'utf8')).toBe(content);
  }
});

describe('zip archives', () => {
  test('give back their files', () => {
    const files = { 'image.tar': Buffer.alloc(100_000, 'x'), 'image.tar.sha256': Buffer.from('abc  image.tar\n') };
    expect(Object.fromEntries(readZip(zipOf(files)))).toEqual(files);
  });

  test('anything else is refused', () => {
    expect(() => readZip(Buffer.from('<html>nope</html>'))).toThrow(/no readable zip archive/);
  });
});
