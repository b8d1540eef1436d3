// generate-yaml.sh, started as users start it, with a bin/clusterctl that runs the command from its sources.
import { execFile } from 'node:child_process';
import { chmod, copyFile, mkdir, mkdtemp, readdir, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, test } from '@jest/globals';
import { parseAllDocuments } from 'yaml';
import { appFolder } from './embedded-sources.ts';

const required = { PACKET_PROJECT_ID: 'p-1', PACKET_API_KEY: 'k-1' };
const FILES = ['addons.yaml', 'cluster.yaml', 'machines.yaml', 'provider-components.yaml'];

let folder: string;
let app: string;
const output = (name = ''): string => path.join(app, 'out/packet', name);

interface Ended {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

function run(env: Readonly<Record<string, string>>, args: readonly string[] = [], cwd = folder): Promise<Ended> {
  const all = { PATH: process.env['PATH'], HOME: folder, ...env };
  return new Promise((resolve) => {
    execFile(path.join(app, 'generate-yaml.sh'), args, { env: all, cwd }, (error, stdout, stderr) => {
      resolve({ code: typeof error?.code === 'number' ? error.code : error ? -1 : 0, stdout, stderr });
    });
  });
}

beforeAll(async () => {
  folder = await mkdtemp(path.join(tmpdir(), 'generate yaml-'));
  app = path.join(folder, 'an app');
  await mkdir(path.join(app, 'bin'), { recursive: true });
  await copyFile(path.join(appFolder, 'generate-yaml.sh'), path.join(app, 'generate-yaml.sh'));
  const main = path.join(import.meta.dirname, 'test-support/generate-main.ts');
  const node = `'${process.execPath}' --disable-warning=ExperimentalWarning --conditions=@longshore/source`;
  await writeFile(path.join(app, 'bin/clusterctl'), `#!/bin/sh\nexec ${node} '${main}' "$@"\n`);
  await chmod(path.join(app, 'bin/clusterctl'), 0o755);
});
beforeEach(() => rm(path.join(app, 'out'), { recursive: true, force: true }));
afterAll(() => rm(folder, { recursive: true }));

describe('generate-yaml.sh', () => {
  test.each([
    { env: {}, says: ['PACKET_PROJECT_ID is not set', 'PACKET_API_KEY is not set'] },
    { env: { PACKET_API_KEY: 'k-1' }, says: ['PACKET_PROJECT_ID is not set'] },
    { env: { PACKET_PROJECT_ID: 'p-1' }, says: ['PACKET_API_KEY is not set'] },
  ])('CA row P20: with $env it ends with 1, names the variable and writes nothing', async ({ env, says }) => {
    const { code, stderr } = await run(env);
    expect(code).toBe(1);
    for (const text of says) expect(stderr).toContain(text);
    await expect(readdir(output())).rejects.toThrow('ENOENT');
  });

  test('CA row P21: a key with / and & in its file arrives as it is, from a path that counts from the working folder', async () => {
    const key = 'ssh-rsa AAAAB3NzaC1yc2E/+/= a&b/c\\1$HOME???>>>~~~\n';
    await writeFile(path.join(folder, 'my key.pub'), key);
    expect(await run({ ...required, SSH_KEY: 'my key.pub' })).toMatchObject({ code: 0 });
    const text = await readFile(output('machines.yaml'), 'utf8');
    const encoded = [...text.matchAll(/sshKeys:\n +- (\S+)/g)].map(([, value]) => value ?? '');
    expect(encoded.map((value) => Buffer.from(value, 'base64').toString())).toEqual([key, key]);
  });

  test('CA row P22: files that exist are kept without -f and overwritten with it', async () => {
    expect(await run({ ...required, CLUSTER_NAME: 'one' })).toMatchObject({ code: 0 });
    const refused = await run({ ...required, CLUSTER_NAME: 'two' });
    expect(refused.code).toBe(1);
    expect(refused.stderr).toContain('-f (--force-overwrite)');
    expect(await readFile(output('cluster.yaml'), 'utf8')).toContain('name: one');
    expect(await run({ ...required, CLUSTER_NAME: 'two' }, ['-f'])).toMatchObject({ code: 0 });
    expect(await readFile(output('cluster.yaml'), 'utf8')).toContain('name: two');
    expect((await readdir(output())).toSorted()).toEqual(FILES);
  });

  test('writes four files beside itself from any folder, names the cluster last, and keeps the key from others', async () => {
    const { code, stdout } = await run(
      { ...required, CLUSTER_NAME: 'web', PACKET_API_URL: 'http://127.0.0.1:9', IMG: 'a/b:c' },
      [],
      '/',
    );
    expect(code).toBe(0);
    expect(stdout.trimEnd().split('\n').at(-1)).toBe("Your cluster name is 'web'");
    expect((await readdir(output())).toSorted()).toEqual(FILES);
    const text = await readFile(output('provider-components.yaml'), 'utf8');
    expect(text).toContain('image: a/b:c');
    expect(text).toContain('value: http://127.0.0.1:9');
    for (const name of ['addons.yaml', 'provider-components.yaml'])
      expect((await stat(output(name))).mode & 0o777).toBe(0o600);
  });

  test('a cluster without a name gets one, and the facility of the seed', async () => {
    const { stdout } = await run(required);
    const [, name] = /Your cluster name is '(test1-[a-z0-9]{5})'\n$/.exec(stdout) ?? [];
    const documents = parseAllDocuments(await readFile(output('machines.yaml'), 'utf8'));
    expect(documents[0]?.getIn(['metadata', 'name'])).toBe(`${name}-master-0`);
    expect(documents[0]?.getIn(['spec', 'providerSpec', 'value', 'facility', 0])).toBe('ewr1');
  });

  test.each([
    { when: 'there is none', file: 'none.pub', content: undefined, says: 'SSH_KEY: there is no file' },
    {
      when: 'it is a private key',
      file: 'id',
      content: '-----BEGIN OPENSSH PRIVATE KEY-----\nabc\n',
      says: 'is no public key',
    },
  ])('SSH_KEY is refused when $when', async ({ file, content, says }) => {
    if (content !== undefined) await writeFile(path.join(folder, file), content);
    const { code, stderr } = await run({ ...required, SSH_KEY: file });
    expect(code).toBe(1);
    expect(stderr).toContain(says);
    await expect(readdir(output())).rejects.toThrow('ENOENT');
  });

  test.each([['-h'], ['--help']])('%s explains the variables', async (flag) => {
    const { code, stdout } = await run({}, [flag]);
    expect(code).toBe(0);
    for (const name of [
      'PACKET_PROJECT_ID',
      'PACKET_API_KEY',
      'CLUSTER_NAME',
      'FACILITY',
      'SSH_KEY',
      'PACKET_API_URL',
    ]) {
      expect(stdout).toContain(name);
    }
  });

  test('an unknown option is refused', async () => {
    expect(await run(required, ['--forse'])).toMatchObject({ code: 1 });
  });

  test('without a built clusterctl it says how to get one', async () => {
    const bare = path.join(folder, 'bare');
    await mkdir(bare);
    await copyFile(path.join(appFolder, 'generate-yaml.sh'), path.join(bare, 'generate-yaml.sh'));
    const ended = await new Promise<string>((resolve) => {
      execFile(path.join(bare, 'generate-yaml.sh'), { env: { PATH: process.env['PATH'] } }, (_error, _out, stderr) =>
        resolve(stderr),
      );
    });
    expect(ended).toContain('make clusterctl');
  });
});
