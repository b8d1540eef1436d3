import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { acquireBinary } from './acquire.ts';
import { platformOf } from './source-plan.ts';

const { os, arch } = platformOf(process.platform, process.arch);

describe('acquireBinary without Go', () => {
  let folder: string;
  let assets: string;
  let env: NodeJS.ProcessEnv;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-acquire-'));
    assets = join(folder, 'assets');
    env = { PATH: '/usr/bin:/bin', HOME: folder, LONGSHORE_CACHE: join(folder, 'cache') };
  });
  afterEach(() => rm(folder, { recursive: true }));

  const cached = (build: string, name: string): string => join(folder, 'cache', 'control-plane', build, name);
  const program = async (path: string, prints = '', mode = 0o755): Promise<string> => {
    await mkdir(dirname(path), { recursive: true });
    await writeFile(path, `#!/bin/sh\necho '${prints}'\n`, { mode });
    return path;
  };

  test('KUBEBUILDER_ASSETS comes before the cache, whatever version it holds', async () => {
    const path = await program(join(assets, 'kube-apiserver'), 'Kubernetes v1.33.1');
    await program(cached(`kubernetes-v1.36.3-${os}-${arch}-go1.26.8`, 'kube-apiserver'));
    const found = await acquireBinary('kube-apiserver', undefined, {
      env: { ...env, KUBEBUILDER_ASSETS: assets },
      goModules: null,
    });
    expect(found).toBe(path);
  });

  test('assets of another minor than the one asked for are passed over', async () => {
    await program(join(assets, 'kube-apiserver'), 'Kubernetes v1.33.1');
    const path = await program(cached(`kubernetes-v1.35.4-${os}-${arch}-go1.26.8`, 'kube-apiserver'));
    const found = await acquireBinary('kube-apiserver', '1.35', {
      env: { ...env, KUBEBUILDER_ASSETS: assets },
      goModules: null,
    });
    expect(found).toBe(path);
  });

  test('assets of the minor asked for are taken', async () => {
    const path = await program(join(assets, 'kube-apiserver'), 'Kubernetes v1.35.9');
    const found = await acquireBinary('kube-apiserver', '1.35', {
      env: { ...env, KUBEBUILDER_ASSETS: assets },
      goModules: null,
    });
    expect(found).toBe(path);
  });

  test('a build by any Go does; a file that cannot be executed does not', async () => {
    await program(cached(`etcd-v3.6.6-${os}-${arch}-go1.99.0`, 'etcd'), '', 0o644);
    const path = await program(cached(`etcd-v3.6.6-${os}-${arch}-go1.20.1`, 'etcd'));
    expect(await acquireBinary('etcd', undefined, { env, goModules: null })).toBe(path);
  });

  test('with no source left, the error says what was tried and what to do', async () => {
    const missing = acquireBinary('kube-apiserver', '1.35', {
      env: { ...env, KUBEBUILDER_ASSETS: assets },
      goModules: null,
    });
    await expect(missing).rejects.toMatchObject({
      code: 'CONTROL_PLANE_BINARY_MISSING',
      message: expect.stringMatching(
        /^kube-apiserver 1\.35\.4 could not be had .*KUBEBUILDER_ASSETS holds no kube-apiserver.*install Go/,
      ),
    });
  });

  test('a source tree on a machine without Go says so', async () => {
    const goModules = join(folder, 'go');
    await mkdir(join(goModules, 'etcd'), { recursive: true });
    const missing = acquireBinary('etcd', undefined, { env: { ...env, PATH: folder }, goModules });
    await expect(missing).rejects.toThrow('the command "go" was not found');
  });

  test('an archive host that cannot be reached is passed over', async () => {
    const unreachable = { ...env, LONGSHORE_ENVTEST_URL: 'http://127.0.0.1:1/{version}.tar.gz' };
    await expect(acquireBinary('etcd', undefined, { env: unreachable, goModules: null })).rejects.toMatchObject({
      code: 'CONTROL_PLANE_BINARY_MISSING',
      message: expect.stringContaining('http://127.0.0.1:1/1.36.3.tar.gz: '),
    });
  });
});
