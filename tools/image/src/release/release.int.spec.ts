// helpers/release as a user starts it, against a registry on this machine and a stand-in of the hosting API: what is pushed, tagged and
// published, and that nothing is when something is wrong.
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { spawn } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { text } from 'node:stream/consumers';
import { root } from '../config.ts';
import { makeLayer } from '../layer.ts';
import { describeImage } from '../oci.ts';
import { packLayout } from '../oci-layout.ts';
import { crane } from '../push.ts';
import { startGitHub } from '../test-support/github-stand-in.ts';
import type { GitHubStandIn } from '../test-support/github-stand-in.ts';
import { startRegistry } from '../test-support/registry.ts';
import type { Registry } from '../test-support/registry.ts';
import { zipOf } from '../test-support/zip-file.ts';

const script = path.join(root, 'apps/cloudscale-ccm/helpers/release');
const token = 'github-token-for-tests';
const HEAD = 'a'.repeat(40);
const OTHER = 'b'.repeat(40);

// The machine's own Node, where there is one, starts the script: it has to get to the pinned one by itself.
const paths = (process.env['PATH'] ?? '').split(path.delimiter).filter((one) => !one.includes('node_modules'));
const PATH = (
  paths.some((one) => existsSync(path.join(one, 'node'))) ? paths : [path.dirname(process.execPath), ...paths]
).join(path.delimiter);

let folder: string;
let registry: Registry;
let github: GitHubStandIn;
let image: string;
let tested: { readonly digest: string; readonly artifact: Buffer };
let number = 0;

async function aTestedImage(content: string): Promise<{ readonly digest: string; readonly artifact: Buffer }> {
  const layer = await makeLayer([{ kind: 'file', path: '/app/main.js', content: Buffer.from(content) }]);
  const built = describeImage({ arch: 'amd64', layers: [layer], created: '1970-01-01T00:00:00Z', labels: {} });
  const tar = await packLayout([{ reference: 'longshore/cloudscale-ccm:test', images: [built], annotations: {} }]);
  const checksum = createHash('sha256').update(tar).digest('hex');
  const artifact = zipOf({ 'image.tar': tar, 'image.tar.sha256': Buffer.from(`${checksum}  image.tar\n`) });
  return { digest: built.manifest.digest, artifact };
}

async function release(
  args: readonly string[],
  env: NodeJS.ProcessEnv = {},
): Promise<{ code: number | null; output: string }> {
  const credentials = { GITHUB_TOKEN: token, QUAY_BOT_USER: 'bot', QUAY_BOT_PASS: 'bot-password' };
  const settings = { GITHUB_API_URL: github.url, GITHUB_REPOSITORY: 'owner/name', IMAGE_REPOSITORY: image };
  const child = spawn(script, args, {
    cwd: folder,
    env: {
      PATH,
      HOME: process.env['HOME'],
      LONGSHORE_CACHE: process.env['LONGSHORE_CACHE'],
      ...settings,
      ...credentials,
      ...env,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const [out, error] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'close')]);
  return { code: child.exitCode, output: out + error };
}

const tagsOf = async (): Promise<readonly string[]> =>
  (await crane(['ls', image]).catch(() => '')).split('\n').filter(Boolean).sort();

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'longshore-release-test-'));
  registry = await startRegistry(folder);
  tested = await aTestedImage('tested');
}, 300_000);

afterAll(async () => {
  await registry.stop();
  await rm(folder, { recursive: true, force: true });
});

beforeEach(async () => {
  number += 1;
  image = `${registry.host}/longshore/release-${number}`;
  github = await startGitHub('owner/name', token);
  github.state.branches.set('main', [HEAD, 'c'.repeat(40)]).set('test/branch', [OTHER]);
  for (const commit of [HEAD, OTHER]) {
    github.state.runs.set(commit, { id: commit === HEAD ? 1 : 2, conclusion: 'success', artifact: tested.artifact });
  }
  const first = {
    id: 1,
    tag_name: '1.3.0',
    target_commitish: 'd'.repeat(40),
    prerelease: false,
    assets: new Map<string, string>(),
  };
  github.state.releases.push(first);
});

afterEach(() => github.close());

describe('helpers/release with credentials', () => {
  test('releases the tested image from main: digest, tags, notes, config.yml', async () => {
    const { code, output } = await release(['create', 'minor', '--yes']);
    expect(output).toContain('Success: ');
    expect(code).toBe(0);
    expect(await tagsOf()).toEqual(['1.4.0', 'latest']);
    for (const tag of ['1.4.0', 'latest'])
      expect((await crane(['digest', `${image}:${tag}`])).trim()).toBe(tested.digest);
    expect(github.state.tags.get('1.4.0')).toBe(`tag-of-${HEAD}`);
    const made = github.state.releases.at(-1)!;
    expect(made).toMatchObject({ tag_name: '1.4.0', target_commitish: HEAD, prerelease: false, make_latest: 'true' });
    expect(made.body).toContain('kubectl apply -f https://github.com/owner/name/releases/download/1.4.0/config.yml');
    expect(made.assets.get('config.yml')).toContain(`image: ${image}:1.4.0@${tested.digest}`);
    expect(output).not.toContain('bot-password');
    expect(output).not.toContain(token);
  });

  test('a pre-release of a branch is marked, and is neither latest nor a reason to skip the checks', async () => {
    const { code } = await release(['create', 'minor', '--pre', '--ref', 'test/branch', '--yes']);
    expect(code).toBe(0);
    expect(await tagsOf()).toEqual(['1.4.0-rc.1']);
    expect(github.state.releases.at(-1)).toMatchObject({
      tag_name: '1.4.0-rc.1',
      prerelease: true,
      make_latest: 'false',
      target_commitish: OTHER,
    });
  });

  test('nothing is pushed, tagged or published when the tests of the commit failed', async () => {
    github.state.runs.set(HEAD, { id: 1, conclusion: 'failure', artifact: tested.artifact });
    const { code, output } = await release(['create', 'minor', '--yes']);
    expect(code).toBe(1);
    expect(output).toMatch(/ERROR: .* was no success: failure/);
    await nothingHappened();
  });

  test('nor when there is no tested image, which --force does not change', async () => {
    github.state.runs.set(HEAD, { id: 1, conclusion: 'success' });
    const { code, output } = await release(['create', 'minor', '--yes', '--force']);
    expect(code).toBe(1);
    expect(output).toContain('FATAL: ');
    await nothingHappened();
  });

  test('nor when the image is not what its checksum says', async () => {
    const broken = zipOf({ 'image.tar': Buffer.from('other'), 'image.tar.sha256': Buffer.from('abc  image.tar') });
    github.state.runs.set(HEAD, { id: 1, conclusion: 'success', artifact: broken });
    const { code, output } = await release(['create', 'minor', '--yes']);
    expect(code).toBe(1);
    expect(output).toMatch(/checksum .*, tested was abc/);
    await nothingHappened();
  });

  test('nor when nobody can answer the question', async () => {
    const { code, output } = await release(['create', 'minor']);
    expect(code).toBe(1);
    expect(output).toContain('Do you want to release 1.4.0?');
    await nothingHappened();
  });

  test('nor with a token that the hosting service does not know', async () => {
    const { code, output } = await release(['create', 'minor', '--yes'], { GITHUB_TOKEN: 'other' });
    expect(code).toBe(1);
    expect(output).toContain('401 Bad credentials');
    await nothingHappened();
  });

  test('a branch without --pre is refused before anything is asked', async () => {
    const { code, output } = await release(['create', 'minor', '--ref', 'test/branch']);
    expect({ code, output }).toEqual({ code: 2, output: expect.stringContaining('add --pre') });
    expect(github.state.calls).toEqual([]);
  });

  async function nothingHappened(): Promise<void> {
    expect(await tagsOf()).toEqual([]);
    expect(github.state.tags.size).toBe(0);
    expect(github.state.releases).toHaveLength(1);
  }
});

test('without credentials: a dry run that asks nobody and writes the documents', async () => {
  const none = { GITHUB_TOKEN: '', QUAY_BOT_USER: '', QUAY_BOT_PASS: '' };
  const { code, output } = await release(
    ['create', 'minor', '--old-version', '1.3.0', '--ref', 'HEAD', '--pre', '--output', folder],
    none,
  );
  expect(output).toContain('Dry run');
  expect(code).toBe(0);
  expect(github.state.calls).toEqual([]);
  const config = await readFile(path.join(folder, 'releases/download/1.4.0-rc.1/config.yml'), 'utf8');
  expect(config).toMatch(new RegExp(`image: ${image}:1\\.4\\.0-rc\\.1@sha256:[0-9a-f]{64}$`, 'm'));
  const latest = await release(['create', 'minor', '--old-version', '1.3.0', '--output', folder], none);
  // Where the working copy has no branch main, the message says so.
  if (latest.code === 0) expect(existsSync(path.join(folder, 'releases/latest/download/config.yml'))).toBe(true);
  else expect(latest.output).toContain('no such commit');
}, 300_000);
