// The build from a Go module, with a stand-in for etcd's module that compiles in a second and needs no network.
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { acquireBinary } from './acquire.ts';
import { readGoVersion } from './go-build.ts';

const goVersion = await readGoVersion(process.env);
// A machine whose binaries come from KUBEBUILDER_ASSETS or an archive may have no Go.
const describeWithGo = goVersion ? describe : describe.skip;

describeWithGo('building with Go', () => {
  let folder: string;
  let goModules: string;
  let progress: string[];
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-go-'));
    goModules = join(folder, 'modules');
    progress = [];
    env = { ...process.env, LONGSHORE_CACHE: join(folder, 'cache'), GOFLAGS: '-mod=mod', GOOS: 'plan9' };
    delete env['KUBEBUILDER_ASSETS'];
    delete env['LONGSHORE_ENVTEST_URL'];
  });
  afterEach(() => rm(folder, { recursive: true }));

  const standIn = async (main: string): Promise<void> => {
    await mkdir(join(goModules, 'etcd'), { recursive: true });
    await writeFile(join(goModules, 'etcd', 'go.mod'), 'module go.etcd.io/etcd/server/v3\n\ngo 1.20\n');
    await writeFile(join(goModules, 'etcd', 'main.go'), `package main\n\nfunc main() { ${main} }\n`);
  };
  const acquire = (): Promise<string> =>
    acquireBinary('etcd', undefined, { env, goModules, onProgress: (message) => progress.push(message) });
  const cacheContent = (): Promise<string[]> => readdir(join(folder, 'cache'), { recursive: true });

  test('builds for this machine once, and says so', async () => {
    await standIn('println("stand-in")');
    const path = await acquire();
    expect(execFileSync(path, { stdio: 'pipe' }).toString()).toBe('');
    expect(progress).toEqual([
      'building etcd 3.6.6 with Go (about 1 minute the first time)',
      expect.stringMatching(/^built etcd 3\.6\.6 in \d+ s$/),
    ]);
    expect(await acquire()).toBe(path);
    expect(progress).toHaveLength(2);
    expect(await readdir(dirname(path))).toEqual(['etcd']);
    expect(await readFile(join(goModules, 'etcd', 'go.mod'), 'utf8')).toBe(
      'module go.etcd.io/etcd/server/v3\n\ngo 1.20\n',
    );
  });

  test('several at once build once', async () => {
    await standIn('');
    const paths = await Promise.all([acquire(), acquire(), acquire()]);
    expect(new Set(paths).size).toBe(1);
    expect(progress.filter((message) => message.startsWith('built'))).toHaveLength(1);
  });

  test('a build that fails shows what Go said and leaves nothing', async () => {
    await standIn('nonsense()');
    await expect(acquire()).rejects.toMatchObject({
      code: 'CONTROL_PLANE_BUILD_FAILED',
      message: expect.stringMatching(/go could not build etcd 3\.6\.6.*undefined: nonsense/s),
    });
    expect((await cacheContent()).filter((entry) => /etcd$|tmp|lock/.test(entry))).toEqual([]);
  });

  test('a cache folder that cannot be written is said with what to do', async () => {
    await standIn('');
    await writeFile(join(folder, 'cache'), 'a file');
    await expect(acquire()).rejects.toThrow(/cannot write to the cache folder .*set LONGSHORE_CACHE/);
  });

  test('a half-written file of a build that was cut off is not taken', async () => {
    await standIn('');
    const build = join(folder, 'cache', 'control-plane', 'x');
    await mkdir(build, { recursive: true });
    const path = await acquire();
    await rm(path);
    await writeFile(`${path}.4711.tmp`, 'half');
    expect(await acquire()).toBe(path);
    expect(progress.filter((message) => message.startsWith('built'))).toHaveLength(2);
  });
});
