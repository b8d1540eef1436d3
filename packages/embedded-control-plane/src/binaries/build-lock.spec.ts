import { afterEach, beforeEach, describe, expect, test } from '@jest/globals';
import { spawnSync } from 'node:child_process';
import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import { isStaleLock, withBuildLock } from './build-lock.ts';
import type { LockOwner } from './build-lock.ts';

const owner: LockOwner = { pid: 7, host: 'here', id: 'x' };

describe('isStaleLock', () => {
  test.each([
    { when: 'its owner lives', owner, ageMs: 0, alive: true, stale: false },
    { when: 'its owner is dead', owner, ageMs: 0, alive: false, stale: true },
    {
      when: 'its owner is on another host',
      owner: { ...owner, host: 'there' },
      ageMs: 1_000,
      alive: false,
      stale: false,
    },
    {
      when: 'it was not renewed for long',
      owner: { ...owner, host: 'there' },
      ageMs: 120_001,
      alive: false,
      stale: true,
    },
    { when: 'the pid was given to another process meanwhile', owner, ageMs: 120_001, alive: true, stale: true },
    { when: 'nobody can read it yet', owner: undefined, ageMs: 10, alive: false, stale: false },
  ])('when $when: $stale', ({ owner: by, ageMs, alive, stale }) => {
    expect(isStaleLock({ owner: by, ageMs, host: 'here', isAlive: () => alive })).toBe(stale);
  });
});

describe('withBuildLock', () => {
  let folder: string;
  let path: string;

  beforeEach(async () => {
    folder = await mkdtemp(join(tmpdir(), 'longshore-lock-'));
    path = join(folder, 'build.lock');
  });
  afterEach(() => rm(folder, { recursive: true }));

  test('of many at once only one works at a time, all get their turn, and nothing is left', async () => {
    let working = 0;
    let most = 0;
    const work = async (): Promise<void> => {
      most = Math.max(most, ++working);
      await new Promise(setImmediate);
      working--;
    };
    await Promise.all(Array.from({ length: 5 }, () => withBuildLock({ path, onWait: () => {} }, work)));
    expect(most).toBe(1);
    expect(await readdir(folder)).toEqual([]);
  });

  test('the lock of a dead process is taken over', async () => {
    const dead = spawnSync('true').pid;
    await writeFile(path, JSON.stringify({ pid: dead, host: hostname(), id: 'old' }));
    expect(await withBuildLock({ path, onWait: () => {} }, async () => 'built')).toBe('built');
    expect(await readdir(folder)).toEqual([]);
  });

  test('the lock is free again after a failure', async () => {
    const failing = withBuildLock({ path, onWait: () => {} }, () => Promise.reject(new Error('no')));
    await expect(failing).rejects.toThrow('no');
    expect(await withBuildLock({ path, onWait: () => {} }, async () => 1)).toBe(1);
  });

  test('who waits is told for whom, and can give up', async () => {
    await writeFile(path, JSON.stringify({ pid: process.pid, host: hostname(), id: 'other' }));
    const stop = new AbortController();
    const seen: number[] = [];
    const onWait = ({ pid }: LockOwner): void => {
      seen.push(pid);
      stop.abort(new Error('enough'));
    };
    await expect(withBuildLock({ path, onWait, signal: stop.signal }, async () => 1)).rejects.toThrow('enough');
    expect(seen).toEqual([process.pid]);
    expect(await readdir(folder)).toEqual(['build.lock']);
  });
});
