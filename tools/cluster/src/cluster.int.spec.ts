// `npm run cluster -- up` as users run it: a pod runs in an image that was loaded, and nothing is left of it, not even after SIGKILL.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readFileSync, statSync } from 'node:fs';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from '@jest/globals';
import { until } from '@longshore/reconciler-core/testing';
import { clusterProblem } from './host-check.ts';
import { pauseImage } from './images/pause-program.ts';
import { runCommand } from './node/run-command.ts';

const TEST_MS = 300_000;
const FIRST_BUILD_MS = 1_800_000;
const problem = clusterProblem();
const main = path.join(import.meta.dirname, 'main.ts');

if (problem !== undefined) {
  test.skip(`npm run cluster (skipped: ${problem})`, () => {});
} else {
  describe('npm run cluster', () => {
    let folder: string;
    let running: ChildProcess | undefined;
    let printed = '';

    beforeAll(async () => {
      folder = await mkdtemp(path.join(tmpdir(), 'longshore-test-'));
    });
    afterEach(() => void running?.kill('SIGKILL'));
    afterAll(() => rm(folder, { recursive: true, force: true }));

    // A temp folder of its own, so that the specs see what the program leaves behind, and find no other cluster.
    const start = (...args: readonly string[]): ChildProcess => {
      printed = '';
      const env = { ...process.env, TMPDIR: folder };
      const child = spawn(process.execPath, ['--conditions=@longshore/source', main, ...args], { env });
      for (const stream of [child.stdout, child.stderr])
        stream.on('data', (chunk: Buffer) => (printed += String(chunk)));
      return (running = child);
    };
    const run = async (...args: readonly string[]): Promise<{ code: unknown; said: string }> => {
      const [code] = (await once(start(...args), 'close')) as [number];
      return { code, said: printed };
    };
    const up = async (): Promise<{ child: ChildProcess; kubeconfig: string; link: string; cluster: string }> => {
      const kubeconfig = path.join(folder, 'kubeconfig');
      const child = start('up', '--kubeconfig', kubeconfig);
      await until(
        'ready',
        () => {
          if (child.exitCode !== null) throw new Error(printed);
          return /^ready$/m.test(printed);
        },
        FIRST_BUILD_MS,
      );
      const [, number] = /https:\/\/198\.19\.(\d+)\.1:/.exec(printed) ?? [];
      const [, cluster = ''] = /files and logs: (\S+) and/.exec(printed) ?? [];
      return { child, kubeconfig, link: `lsc${number}`, cluster };
    };
    const untilNothingIsLeft = async ({ link, cluster }: { link: string; cluster: string }): Promise<void> => {
      await until('temp folders, link and control groups are gone', async () => {
        const folders = (await readdir(folder)).filter((name) => name.startsWith('longshore-'));
        const groups = await runCommand(['find', '/sys/fs/cgroup', '-maxdepth', '2', '-name', path.basename(cluster)]);
        const mounts = readFileSync('/proc/self/mountinfo', 'utf8').includes(cluster);
        return folders.length === 0 && !existsSync(`/sys/class/net/${link}`) && groups === '' && !mounts;
      });
    };

    test(
      'runs a pod from a loaded image until SIGTERM, and leaves only the kubeconfig',
      async () => {
        const made = await up();
        expect(statSync(made.kubeconfig).mode & 0o777).toBe(0o600);
        const first = running;
        const loaded = await run('load', await pauseImage());
        expect(loaded).toEqual({ code: 0, said: 'docker.io/longshore/pause:1\n' });
        running = first;
        const { acquireBinary } = await import('@longshore/embedded-control-plane');
        const kubectl = await acquireBinary('kubectl');
        const call = (...args: string[]): Promise<string> =>
          runCommand([kubectl, '--kubeconfig', made.kubeconfig, ...args]);
        await until('the default account', () => call('get', 'serviceaccount', 'default'));
        await call('run', 'web', '--image=longshore/pause:1', '--image-pull-policy=Never');
        await call('wait', '--for=condition=Ready', 'pod/web', '--timeout=120s');
        expect(await call('get', 'pod', 'web', '-o', 'jsonpath={.status.podIP}')).toMatch(/^198\.19\.\d+\.1[3-9]\d$/);
        const ended = once(made.child, 'exit');
        made.child.kill('SIGTERM');
        expect(await ended).toEqual([0, null]);
        expect(existsSync(made.kubeconfig)).toBe(true);
        await untilNothingIsLeft(made);
      },
      FIRST_BUILD_MS,
    );

    test(
      'leaves nothing when it is killed',
      async () => {
        const made = await up();
        made.child.kill('SIGKILL');
        await untilNothingIsLeft(made);
      },
      TEST_MS,
    );

    test('does not overwrite what it did not write', async () => {
      const file = path.join(folder, 'config');
      await writeFile(file, 'apiVersion: v1\n');
      expect(await run('up', '--kubeconfig', file)).toEqual({
        code: 1,
        said: `cluster: ${file} exists and was not written by this program: name another file, or add --force\n`,
      });
    });

    test('says that there is no cluster to load an image into', async () => {
      expect(await run('load', 'a.tar')).toEqual({
        code: 1,
        said: 'cluster: 0 clusters run: start one with npm run cluster -- up\n',
      });
    });
  });

  test('without the programs it says once what is missing, and in which package it is', async () => {
    const env = { PATH: path.dirname(process.execPath) };
    const child = spawn(process.execPath, ['--conditions=@longshore/source', main, 'up'], { env });
    let said = '';
    child.stderr.on('data', (chunk: Buffer) => (said += String(chunk)));
    // The folders of administrators count as well, so some of them may be found.
    const [code] = (await once(child, 'close')) as [number];
    expect(code).toBe(1);
    expect(said).toMatch(/^cluster: a cluster needs containerd, ctr, .*: apt-get install containerd .*util-linux.*\n$/);
  });
}
