import { describe, expect, test } from '@jest/globals';
import { sleep } from './clock.ts';
import { jitter } from './jitter.ts';
import { periodic } from './periodic.ts';
import type { PeriodicOptions } from './periodic.ts';
import { FakeClock, recordingLogger } from './testing.ts';

/** Runs a loop whose rounds take the given times, and tells when they began. */
async function beginnings(
  options: Partial<PeriodicOptions>,
  { workMs, untilMs }: { workMs: readonly number[]; untilMs: number },
): Promise<number[]> {
  const clock = new FakeClock();
  const stop = new AbortController();
  const startedMs = clock.monotonicMs();
  const begun: number[] = [];
  const loop = periodic({
    name: 'test',
    everyMs: 100,
    clock,
    log: recordingLogger(),
    countFrom: 'end',
    work: async () => {
      begun.push(clock.monotonicMs() - startedMs);
      await sleep(clock, workMs[begun.length - 1] ?? 0);
    },
    ...options,
  });
  const run = loop.run(stop.signal);
  await clock.advance(untilMs);
  stop.abort();
  await clock.runUntilIdle();
  await run;
  return begun;
}

describe('periodic', () => {
  test.each([
    { when: 'counted from the end', options: { countFrom: 'end' }, workMs: [30, 30], begun: [0, 130, 260] },
    { when: 'counted from the start', options: { countFrom: 'start' }, workMs: [30, 30], begun: [0, 100, 200, 300] },
    {
      when: 'a round counted from the start is late: the next one follows at once, nothing piles up',
      options: { countFrom: 'start' },
      workMs: [250],
      begun: [0, 250],
    },
    { when: 'not immediately', options: { immediately: false }, workMs: [], begun: [100, 200, 300] },
    {
      when: 'with jitter',
      options: { jitter: 0.5, random: () => 0.5 },
      workMs: [],
      begun: [0, 125, 250],
    },
  ] as const)('$when', async ({ options, workMs, begun }) => {
    expect(await beginnings(options, { workMs, untilMs: 320 })).toEqual(begun);
  });

  test('a failed round is logged and the loop goes on', async () => {
    const clock = new FakeClock();
    const log = recordingLogger();
    const stop = new AbortController();
    let rounds = 0;
    const loop = periodic({
      name: 'routes',
      everyMs: 10,
      clock,
      log,
      countFrom: 'end',
      work: async () => {
        rounds += 1;
        if (rounds === 1) throw new Error('x');
      },
    });
    const run = loop.run(stop.signal);
    await clock.advance(10);
    expect(rounds).toBe(2);
    expect(log.lines).toEqual([
      expect.objectContaining({ level: 'error', fields: { loop: 'routes', error: new Error('x') } }),
    ]);
    stop.abort();
    await run;
    expect(clock.pendingTimers).toBe(0);
  });

  test('a round that runs at the stop is waited for; its error then is not logged', async () => {
    const clock = new FakeClock();
    const log = recordingLogger();
    const stop = new AbortController();
    let isOver = false;
    const gate = Promise.withResolvers<void>();
    const work = (): Promise<void> => gate.promise;
    const loop = periodic({ name: 'x', everyMs: 10, clock, log, countFrom: 'end', work });
    const run = loop.run(stop.signal).then(() => (isOver = true));
    stop.abort();
    await clock.settle();
    expect(isOver).toBe(false);
    gate.reject(new Error('interrupted'));
    await run;
    expect(log.lines).toEqual([]);
  });

  test('aborted before the start, or before the first round, it runs none', async () => {
    expect(await beginnings({ immediately: false }, { workMs: [], untilMs: 50 })).toEqual([]);
    let rounds = 0;
    const work = async (): Promise<void> => void (rounds += 1);
    const loop = periodic({
      name: 'x',
      everyMs: 10,
      clock: new FakeClock(),
      log: recordingLogger(),
      countFrom: 'end',
      work,
    });
    await loop.run(AbortSignal.abort());
    expect(rounds).toBe(0);
  });
});

test('jitter lengthens by up to the factor', () => {
  expect(jitter(100, 0.2, () => 0)).toBe(100);
  expect(jitter(100, 0.2, () => 0.5)).toBeCloseTo(110);
  for (let n = 0; n < 100; n += 1) {
    const ms = jitter(100, 1.2);
    expect(ms).toBeGreaterThanOrEqual(100);
    expect(ms).toBeLessThan(220);
  }
});
