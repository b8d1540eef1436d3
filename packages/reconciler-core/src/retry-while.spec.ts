import { describe, expect, test } from '@jest/globals';
import { retryWhile } from './retry-while.ts';
import type { RetryOptions } from './retry-while.ts';
import { FakeClock } from './testing.ts';

/** Attempts that fail with `conflict 1`, `conflict 2`, … until the given one succeeds; tells when each began. */
function attempts({ succeedsAt }: { succeedsAt: number }, options: Partial<RetryOptions> = {}) {
  const clock = new FakeClock();
  const startedMs = clock.monotonicMs();
  const begunMs: number[] = [];
  const result = retryWhile({ steps: 5, pauseMs: 10, clock, isRetryable: isConflict, ...options }, async (n) => {
    begunMs.push(clock.monotonicMs() - startedMs);
    if (n < succeedsAt) throw new Error(`conflict ${n}`);
    return n;
  });
  const outcome = result.catch((error: unknown) => (error as Error).message);
  return { clock, begunMs, outcome };
}

const isConflict = (error: unknown): boolean => (error as Error).message.startsWith('conflict');

describe('retryWhile', () => {
  test.each([
    { when: 'at once', succeedsAt: 1, options: {}, outcome: 1, begunMs: [0] },
    { when: 'at the third attempt', succeedsAt: 3, options: {}, outcome: 3, begunMs: [0, 10, 20] },
    { when: 'never', succeedsAt: 9, options: {}, outcome: 'conflict 5', begunMs: [0, 10, 20, 30, 40] },
    { when: 'one step only', succeedsAt: 2, options: { steps: 1 }, outcome: 'conflict 1', begunMs: [0] },
    {
      when: 'with growing pauses',
      succeedsAt: 9,
      options: { steps: 4, factor: 5 },
      outcome: 'conflict 4',
      begunMs: [0, 10, 60, 310],
    },
    {
      when: 'with jitter',
      succeedsAt: 3,
      options: { jitterFactor: 0.5, random: () => 0.5 },
      outcome: 3,
      begunMs: [0, 12.5, 25],
    },
    {
      when: 'an error that is not worth a retry',
      succeedsAt: 9,
      options: { isRetryable: () => false },
      outcome: 'conflict 1',
      begunMs: [0],
    },
  ])('$when', async ({ succeedsAt, options, outcome, begunMs }) => {
    const run = attempts({ succeedsAt }, options);
    await run.clock.runUntilIdle();
    expect(await run.outcome).toBe(outcome);
    expect(run.begunMs).toEqual(begunMs);
  });

  test('an abort ends the pause', async () => {
    const aborter = new AbortController();
    const run = attempts({ succeedsAt: 9 }, { signal: aborter.signal });
    await run.clock.advance(15);
    aborter.abort(new Error('stop'));
    expect(await run.outcome).toBe('stop');
    expect(run.begunMs).toEqual([0, 10]);
    expect(run.clock.pendingTimers).toBe(0);
  });

  test('an aborted signal allows no attempt', async () => {
    const run = attempts({ succeedsAt: 1 }, { signal: AbortSignal.abort(new Error('before')) });
    expect(await run.outcome).toBe('before');
    expect(run.begunMs).toEqual([]);
  });
});
