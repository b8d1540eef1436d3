import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sleep } from './clock.ts';
import { parallelUntil } from './parallel.ts';
import { FakeClock } from './testing.ts';

const patient = new AbortController().signal;

describe('parallelUntil', () => {
  test('works on every item once, begins them in order, and never on more than `workers` at a time', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.nat(20), { maxLength: 20 }),
        fc.integer({ min: 1, max: 5 }),
        async (items, workers) => {
          const clock = new FakeClock();
          const begun: [number, number][] = [];
          let active = 0;
          let most = 0;
          let isOver = false;
          const run = parallelUntil(
            items,
            workers,
            async (ms, index) => {
              begun.push([ms, index]);
              most = Math.max(most, ++active);
              await sleep(clock, ms);
              active -= 1;
            },
            patient,
          ).then(() => (isOver = true));
          await clock.runUntilIdle();
          expect(isOver).toBe(true);
          expect(begun).toEqual(items.map((ms, index) => [ms, index]));
          expect(most).toBe(Math.min(workers, items.length));
          await run;
        },
      ),
      { numRuns: 50 },
    );
  });

  test('the errors of all items come together after the others are done', async () => {
    const done: string[] = [];
    const run = parallelUntil(
      new Set(['a', 'b', 'c']),
      1,
      async (item) => {
        if (item !== 'b') throw new Error(item);
        done.push(item);
      },
      patient,
    );
    await expect(run).rejects.toMatchObject({
      message: '2 of 3 items failed',
      errors: [new Error('a'), new Error('c')],
    });
    expect(done).toEqual(['b']);
  });

  test('after an abort nothing new begins, what runs is waited for, and the caller learns that items were left out', async () => {
    const clock = new FakeClock();
    const aborter = new AbortController();
    const ended: string[] = [];
    let end: unknown = 'running';
    const work = async (item: string): Promise<void> => {
      await sleep(clock, 100);
      ended.push(item);
    };
    const run = parallelUntil(['a', 'b', 'c'], 2, work, aborter.signal).catch((error: unknown) => (end = error));
    aborter.abort(new Error('stop'));
    await clock.advance(99);
    expect(end).toBe('running');
    await clock.advance(1);
    await run;
    expect(end).toEqual(new Error('stop'));
    expect(ended).toEqual(['a', 'b']);
  });

  test('an abort after the last item has begun changes nothing', async () => {
    const aborter = new AbortController();
    const ended: string[] = [];
    const work = async (item: string): Promise<void> => {
      await Promise.resolve();
      aborter.abort();
      ended.push(item);
    };
    await parallelUntil(['a', 'b'], 2, work, aborter.signal);
    expect(ended).toEqual(['a', 'b']);
  });
});
