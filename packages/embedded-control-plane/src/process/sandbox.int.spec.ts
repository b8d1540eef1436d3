import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createServer } from 'node:net';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { eventually, isAlive, runModule } from '../testing/processes.ts';
import type { Component } from './component.ts';
import { findFreePort } from './free-port.ts';
import { Sandbox } from './sandbox.ts';
import type { SandboxComponent } from './sandbox.ts';

const shell = (script: string, overrides: Partial<SandboxComponent> = {}): SandboxComponent => ({
  name: 'part',
  command: '/bin/sh',
  args: ['-c', script],
  startTimeoutMs: 30_000,
  isReady: async () => true,
  ...overrides,
});

describe('Sandbox', () => {
  let sandbox: Sandbox;
  beforeEach(async () => {
    sandbox = await Sandbox.open('longshore-sandbox', process.env);
  });
  afterEach(() => sandbox.close(1_000));

  test('close ends every process and removes the folder; twice is fine', async () => {
    const parts: Component[] = [];
    for (const name of ['a', 'b']) parts.push(await sandbox.start(shell('sleep 1000', { name })));
    const pids = parts.map(({ pid }) => pid!);
    expect(pids.every(isAlive)).toBe(true);
    await sandbox.close(1_000);
    await sandbox.close(1_000);
    expect(pids.some(isAlive)).toBe(false);
    expect(parts.map(({ pid }) => pid)).toEqual([undefined, undefined]);
    expect(existsSync(sandbox.folder)).toBe(false);
  });

  test('what was started last ends first', async () => {
    const folder = mkdtempSync(join(tmpdir(), 'longshore-order-'));
    for (const name of ['first', 'second']) {
      const script = `trap 'echo ${name} >> ${folder}/order; exit' TERM; touch ${folder}/${name}; while :; do sleep 0.05; done`;
      await sandbox.start(shell(script, { name, isReady: async () => existsSync(join(folder, name)) }));
    }
    await sandbox.close(30_000);
    expect(readFileSync(join(folder, 'order'), 'utf8')).toBe('second\nfirst\n');
    rmSync(folder, { recursive: true });
  });

  test('a process that ignores SIGTERM is killed after the grace time', async () => {
    const up = join(sandbox.folder, 'up');
    const part = await sandbox.start(
      shell(`trap '' TERM; touch ${up}; while :; do sleep 0.05; done`, { isReady: async () => existsSync(up) }),
    );
    const pid = part.pid!;
    await part.stop({ graceMs: 50 });
    expect(isAlive(pid)).toBe(false);
  });

  test('a paused process can be stopped, and resumed', async () => {
    const part = await sandbox.start(shell('while :; do sleep 0.05; done'));
    const pid = part.pid!;
    part.pause();
    await eventually('the process is stopped', () => / T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    part.resume();
    await eventually('the process goes on', () => !/ T /.test(readFileSync(`/proc/${pid}/stat`, 'utf8')));
    part.pause();
    await part.stop();
    expect(isAlive(pid)).toBe(false);
  });

  test('a start that fails shows the end of the log, and only of this start', async () => {
    const script = 'test -e again && { echo second trouble; exit 4; }; touch again; echo first trouble; exit 3';
    const never = { isReady: async (): Promise<boolean> => false };
    await expect(sandbox.start(shell(script, never))).rejects.toMatchObject({
      code: 'CONTROL_PLANE_START_FAILED',
      message: 'part ended with exit code 3. The end of its log:\nfirst trouble',
    });
    await expect(sandbox.start(shell(script, never))).rejects.toThrow(
      /exit code 4. The end of its log:\nsecond trouble$/,
    );
  });

  test('a command that is not there is a failed start', async () => {
    const spec = { ...shell(''), command: '/nowhere/server', isReady: async () => false };
    await expect(sandbox.start(spec)).rejects.toThrow(/part ended with exit code 12[67].*not found/s);
  });

  test('a start that takes too long is given up and leaves no process', async () => {
    const pidFile = join(sandbox.folder, 'pid');
    const script = 'echo $$ > pid; exec sleep 1000';
    const isReady = async (): Promise<boolean> => false;
    await expect(sandbox.start(shell(script, { isReady, startTimeoutMs: 200 }))).rejects.toThrow('was not ready');
    expect(isAlive(Number(readFileSync(pidFile, 'utf8')))).toBe(false);
  });

  test('a start can be aborted', async () => {
    const stop = new AbortController();
    const isReady = async (): Promise<boolean> => {
      stop.abort(new Error('no longer wanted'));
      return false;
    };
    await expect(sandbox.start(shell('sleep 1000', { isReady, signal: stop.signal }))).rejects.toThrow(
      'no longer wanted',
    );
  });

  test('an unexpected end is reported, a wanted one is not', async () => {
    const reports: string[] = [];
    const log = join(sandbox.folder, 'part.log');
    const spec = shell('echo bye; exec sleep 1000', {
      isReady: async () => /^(bye\n)+$/.test(readFileSync(log, 'utf8')),
      onUnexpectedExit: (error) => reports.push(error.message),
    });
    const part = await sandbox.start(spec);
    await part.stop();
    expect(reports).toEqual([]);
    await part.start();
    process.kill(part.pid!, 'SIGKILL');
    await eventually('the report', () => reports.length > 0);
    expect(reports).toEqual([expect.stringContaining('part ended by itself. The end of its log:\nbye')]);
    expect(part.isRunning).toBe(false);
  });

  test('when somebody else was faster, another port is tried', async () => {
    const tried: number[] = [];
    const [, port] = await sandbox.startOnPort({ address: '127.0.0.1' }, (candidate) => {
      tried.push(candidate);
      const isTaken = tried.length < 3;
      return shell(isTaken ? 'echo "bind: address already in use"; exit 1' : 'exec sleep 1000', {
        isReady: async () => !isTaken,
      });
    });
    expect(tried).toHaveLength(3);
    expect(port).toBe(tried[2]);
  });

  test('a port that was asked for is the only one tried', async () => {
    const tried: number[] = [];
    const start = sandbox.startOnPort({ address: '127.0.0.1', port: 4711 }, (candidate) => {
      tried.push(candidate);
      return shell('echo "bind: address already in use"; exit 1', { isReady: async () => false });
    });
    await expect(start).rejects.toThrow('address already in use');
    expect(tried).toEqual([4711]);
  });
});

describe('findFreePort', () => {
  test('finds ports below those of outgoing connections', async () => {
    const port = await findFreePort('127.0.0.1');
    expect(port).toBeGreaterThanOrEqual(12_000);
    expect(port).toBeLessThan(32_000);
  });

  test('says when the address is not of this machine', async () => {
    await expect(findFreePort('192.0.2.1')).rejects.toMatchObject({ code: 'CONTROL_PLANE_NO_PORT' });
  });

  test('a port in use is not free', async () => {
    const server = createServer();
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    const { port } = server.address() as AddressInfo;
    const found = await Promise.all(Array.from({ length: 20 }, () => findFreePort('127.0.0.1')));
    expect(found).not.toContain(port);
    server.close();
  });
});

describe('a parent that dies', () => {
  const START = `
    const sandbox = await subject.Sandbox.open('longshore-orphan', process.env);
    const part = (name) => ({ name, command: '/bin/sh', args: ['-c', "trap '' TERM; sleep 1000 & wait; wait"], startTimeoutMs: 30000, isReady: async () => true });
    const pids = [(await sandbox.start(part('a'))).pid, (await sandbox.start(part('b'))).pid];
    console.log(JSON.stringify({ pids, folder: sandbox.folder }));
    const keepAlive = setInterval(() => {}, 1000);
  `;
  const subject = new URL('./sandbox.ts', import.meta.url);

  test.each([
    { how: 'SIGKILL', code: START, kill: 'SIGKILL' as const },
    { how: 'SIGTERM', code: START, kill: 'SIGTERM' as const },
    { how: 'SIGINT', code: START, kill: 'SIGINT' as const },
    { how: 'process.exit', code: `${START} process.exit(3);`, kill: undefined },
    { how: 'an exception', code: `${START} throw new Error('bug');`, kill: undefined },
    { how: 'an end without stop', code: `${START} clearInterval(keepAlive);`, kill: undefined },
  ])('by $how leaves no process and no folder', async ({ code, kill }) => {
    const parent = runModule(subject, code);
    const { pids, folder } = JSON.parse(await parent.line(/^{/)) as { pids: number[]; folder: string };
    if (kill) parent.process.kill(kill);
    await parent.ended;
    await eventually('all processes are gone', () => !pids.some(isAlive));
    await eventually('the folder is gone', () => !existsSync(folder));
  });
});
