import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { acquireBinary } from './acquire.ts';
import { fetchEnvtestArchive } from './envtest-archive.ts';
import { platformOf } from './source-plan.ts';

describe('fetchEnvtestArchive', () => {
  let folder: string;
  let server: Server;
  let base: string;
  const files = new Map<string, Buffer | string>();

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-envtest-'));
    files.clear();
    server = createServer((request, response) => {
      const content = files.get(request.url ?? '');
      response.statusCode = content === undefined ? 404 : 200;
      response.end(content);
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    base = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  });
  afterEach(async () => {
    server.closeAllConnections();
    server.close();
    await rm(folder, { recursive: true });
  });

  async function publish(path: string): Promise<Buffer> {
    const content = join(folder, 'content', 'controller-tools', 'envtest');
    await mkdir(content, { recursive: true });
    for (const name of ['etcd', 'kube-apiserver', 'kubectl'])
      await writeFile(join(content, name), name, { mode: 0o755 });
    const archive = execFileSync('tar', ['-czf', '-', '-C', join(folder, 'content'), 'controller-tools']);
    files.set(path, archive);
    files.set(`${path}.sha512`, `${createHash('sha512').update(archive).digest('hex')}  envtest.tar.gz\n`);
    return archive;
  }

  test('unpacks the archive when the checksum is right', async () => {
    await publish('/e.tar.gz');
    const target = join(folder, 'cache', 'x-envtest');
    expect(await fetchEnvtestArchive(`${base}/e.tar.gz`, target)).toBeUndefined();
    expect((await readdir(target)).sort()).toEqual(['etcd', 'kube-apiserver', 'kubectl']);
  });

  test('leaves nothing when the checksum is wrong', async () => {
    await publish('/e.tar.gz');
    files.set('/e.tar.gz.sha512', `${'0'.repeat(128)}  envtest.tar.gz\n`);
    expect(await fetchEnvtestArchive(`${base}/e.tar.gz`, join(folder, 'cache', 'x'))).toContain('checksum');
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('leaves nothing when no checksum is published', async () => {
    await publish('/e.tar.gz');
    files.delete('/e.tar.gz.sha512');
    expect(await fetchEnvtestArchive(`${base}/e.tar.gz`, join(folder, 'cache', 'x'))).toContain('status 404');
    expect(await readdir(join(folder, 'cache'))).toEqual([]);
  });

  test('a copy that another process put there meanwhile is kept', async () => {
    await publish('/e.tar.gz');
    const target = join(folder, 'cache', 'x');
    await mkdir(target, { recursive: true });
    await writeFile(join(target, 'etcd'), 'theirs');
    expect(await fetchEnvtestArchive(`${base}/e.tar.gz`, target)).toBeUndefined();
    expect(await readFile(join(target, 'etcd'), 'utf8')).toBe('theirs');
    expect(await readdir(join(folder, 'cache'))).toEqual(['x']);
  });

  test('acquireBinary takes the archive, once for all that it holds', async () => {
    const { os, arch } = platformOf(process.platform, process.arch);
    await publish(`/v1.36.3/${os}/${arch}`);
    const env = {
      PATH: '/usr/bin:/bin',
      LONGSHORE_CACHE: join(folder, 'cache'),
      LONGSHORE_ENVTEST_URL: `${base}/v{version}/{os}/{arch}`,
    };
    const first = await acquireBinary('kube-apiserver', undefined, { env, goModules: null });
    files.clear();
    const second = await acquireBinary('etcd', undefined, { env, goModules: null });
    expect(await readFile(first, 'utf8')).toBe('kube-apiserver');
    expect(await readFile(second, 'utf8')).toBe('etcd');
  });
});
