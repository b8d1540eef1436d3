import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { apiRequest } from './api-request.ts';
import { eventually, isAlive, runNode } from './testing/processes.ts';
import type { Script } from './testing/processes.ts';
import { readKubeconfig } from './testing/read-kubeconfig.ts';

const PROGRAM = fileURLToPath(new URL('./cli.ts', import.meta.url));

describe('longshore-control-plane', () => {
  let folder: string;
  let kubeconfig: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'longshore-cli-'));
    kubeconfig = join(folder, 'config');
  });
  afterEach(() => rmSync(folder, { recursive: true }));

  // A temp folder of its own, so that the specs see what the program leaves behind.
  const run = (...args: string[]): Script => runNode([PROGRAM, ...args], { ...process.env, TMPDIR: folder });
  const leftBehind = (): string[] => readdirSync(folder).filter((entry) => entry.startsWith('longshore-'));
  const childrenOf = (pid: number): number[] =>
    readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number);

  test.each(['SIGTERM', 'SIGINT'] as const)('serves until %s and leaves only the kubeconfig', async (signal) => {
    const program = run('--kubeconfig', kubeconfig);
    const serverLine = program.line(/^Kubernetes v1\.36\.\d+ at https:/);
    await program.line(/^ready$/);
    expect(statSync(kubeconfig).mode & 0o777).toBe(0o600);
    const target = readKubeconfig(kubeconfig);
    expect(await serverLine).toContain(target.server);
    expect((await apiRequest(target, { path: '/api/v1/namespaces/default' })).status).toBe(200);

    const children = childrenOf(program.process.pid!);
    expect(children.length).toBeGreaterThanOrEqual(3);
    program.process.kill(signal);
    expect(await program.ended).toBe(0);
    expect(children.some(isAlive)).toBe(false);
    expect(existsSync(kubeconfig)).toBe(true);
    expect(leftBehind()).toEqual([]);
  });

  test('a signal during the start is a clean end', async () => {
    const program = run('--kubeconfig', kubeconfig);
    await eventually('the temp folder', () => leftBehind().length > 0);
    program.process.kill('SIGTERM');
    expect(await program.ended).toBe(0);
    expect(existsSync(kubeconfig)).toBe(false);
    expect(leftBehind()).toEqual([]);
  });

  test('ends with 1 when the API server dies', async () => {
    const program = run('--kubeconfig', kubeconfig);
    await program.line(/^ready$/);
    const apiServer = childrenOf(program.process.pid!).find((pid) =>
      /kube-apiserver/.test(readFileSync(`/proc/${pid}/cmdline`, 'utf8')),
    );
    process.kill(apiServer!, 'SIGKILL');
    expect(await program.ended).toBe(1);
    expect(program.errors()).toContain('kube-apiserver ended by itself');
    expect(leftBehind()).toEqual([]);
  });

  test('does not overwrite what it did not write', async () => {
    writeFileSync(kubeconfig, 'apiVersion: v1\n');
    const program = run('--kubeconfig', kubeconfig);
    expect(await program.ended).toBe(1);
    expect(program.errors()).toBe(
      `longshore-control-plane: ${kubeconfig} exists and was not written by this program: name another file, or add --force\n`,
    );
    expect(readFileSync(kubeconfig, 'utf8')).toBe('apiVersion: v1\n');
  });

  test('a wrong command line is one line and exit code 2', async () => {
    const program = run('--minor', '1.2', '--kubeconfig', kubeconfig);
    expect(await program.ended).toBe(2);
    expect(program.errors()).toBe(
      'longshore-control-plane: --minor 1.2 is not known: choose one of 1.34, 1.35, 1.36\n',
    );
  });

  test('--prepare prints where the binaries are', async () => {
    const program = run('--prepare');
    const paths = await Promise.all([program.line(/etcd$/), program.line(/kube-apiserver$/)]);
    expect(await program.ended).toBe(0);
    expect(paths.every((path) => existsSync(path))).toBe(true);
    expect(leftBehind()).toEqual([]);
  });
});
