import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { KeyedLock } from './keyed-lock.ts';
import { sleep } from './clock.ts';
import { FakeClock } from './testing.ts';

describe('KeyedLock', () => {
  test('gives back what the work gives back, and its error', async () => {
    const lock = new KeyedLock<string>();
    await expect(lock.run('a', () => Promise.resolve(1))).resolves.toBe(1);
    await expect(lock.run('a', () => Promise.reject(new Error('x')))).rejects.toThrow('x');
    await expect(lock.run('a', () => Promise.resolve(2))).resolves.toBe(2);
  });

  test('other keys do not wait', async () => {
    const lock = new KeyedLock<string>();
    const first = Promise.withResolvers<void>();
    const held = lock.run('a', () => first.promise);
    await expect(lock.run('b', () => Promise.resolve('free'))).resolves.toBe('free');
    first.resolve();
    await held;
  });

  test('one that gives up waiting does not run, and does not let the next one in early', async () => {
    const lock = new KeyedLock<string>();
    const clock = new FakeClock();
    const first = Promise.withResolvers<void>();
    const ran: string[] = [];
    const held = lock.run('a', () => first.promise);
    const aborter = new AbortController();
    const second = lock.run('a', async () => void ran.push('second'), aborter.signal);
    const third = lock.run('a', async () => void ran.push('third'));
    aborter.abort(new Error('no time'));
    await expect(second).rejects.toThrow('no time');
    await clock.settle();
    expect(ran).toEqual([]);
    first.resolve();
    await Promise.all([held, third]);
    expect(ran).toEqual(['third']);
  });

  test('an aborted signal never runs the work, even when the lock is free', async () => {
    const lock = new KeyedLock<string>();
    let ran = false;
    const run = lock.run('a', async () => (ran = true), AbortSignal.abort(new Error('before')));
    await expect(run).rejects.toThrow('before');
    expect(ran).toBe(false);
  });

  test('runs the work of a key in the order of the calls, one at a time, and remembers no idle key', async () => {
    const call = fc.record({
      key: fc.constantFrom('a', 'b'),
      atMs: fc.nat(30),
      workMs: fc.nat(10),
      patienceMs: fc.option(fc.nat(20)),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 20 }), async (calls) => {
        const lock = new KeyedLock<string>();
        const clock = new FakeClock();
        const busy = new Set<string>();
        const asked: Record<string, number[]> = { a: [], b: [] };
        const ran: Record<string, number[]> = { a: [], b: [] };
        let overlaps = 0;
        const gaveUp = new Set<number>();
        calls.forEach(({ key, atMs, workMs, patienceMs }, index) => {
          clock.after(atMs, () => {
            const aborter = new AbortController();
            if (patienceMs !== null) clock.after(patienceMs, () => aborter.abort());
            asked[key]!.push(index);
            const work = async (): Promise<void> => {
              if (busy.has(key)) overlaps += 1;
              busy.add(key);
              ran[key]!.push(index);
              await sleep(clock, workMs);
              busy.delete(key);
            };
            lock.run(key, work, aborter.signal).catch(() => gaveUp.add(index));
          });
        });
        await clock.runUntilIdle();
        expect(overlaps).toBe(0);
        for (const key of ['a', 'b']) expect(ran[key]).toEqual(asked[key]!.filter((index) => !gaveUp.has(index)));
        expect(lock.size).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
