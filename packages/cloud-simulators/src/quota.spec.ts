import { describe, expect, test } from '@jest/globals';
import { FakeClock } from '@longshore/reconciler-core/testing';
import fc from 'fast-check';
import { Quota } from './quota.ts';

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;

describe('Quota', () => {
  test('counts down and tells when the oldest call leaves the hour', async () => {
    const clock = new FakeClock();
    const quota = new Quota(clock, { perHour: 3, perMinute: 3 });
    const startMs = clock.nowMs();
    expect(quota.take()).toMatchObject({ limit: 3, remaining: 2, refusedBy: undefined, resetAtMs: startMs + HOUR_MS });
    await clock.advance(1_000);
    expect(quota.take()).toMatchObject({ remaining: 1, resetAtMs: startMs + HOUR_MS });
  });

  test('refuses the call that is too many in the hour, until the oldest has left', async () => {
    const clock = new FakeClock();
    const quota = new Quota(clock, { perHour: 2, perMinute: 10 });
    quota.take();
    await clock.advance(10_000);
    quota.take();
    expect(quota.take()).toMatchObject({ refusedBy: 'hour', remaining: 0 });
    await clock.advance(HOUR_MS - 10_000);
    expect(quota.take()).toMatchObject({ refusedBy: undefined, remaining: 0 });
    expect(quota.take().refusedBy).toBe('hour');
  });

  test('refuses the call that is too many in the minute and says how long', async () => {
    const clock = new FakeClock();
    const quota = new Quota(clock, { perHour: 100, perMinute: 2 });
    quota.take();
    await clock.advance(20_000);
    quota.take();
    expect(quota.take()).toMatchObject({ refusedBy: 'minute', minuteWaitMs: 40_000 });
    await clock.advance(40_000);
    expect(quota.take().refusedBy).toBeUndefined();
  });

  test('agrees with a plain count of past calls', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.integer({ min: 0, max: 900_000 }), { maxLength: 40 }), async (pauses) => {
        const clock = new FakeClock();
        const quota = new Quota(clock, { perHour: 8, perMinute: 3 });
        const counted: number[] = [];
        for (const pauseMs of pauses) {
          await clock.advance(pauseMs);
          const nowMs = clock.monotonicMs();
          const within = (ms: number): number => counted.filter((time) => time > nowMs - ms).length;
          const expected = within(HOUR_MS) >= 8 ? 'hour' : within(MINUTE_MS) >= 3 ? 'minute' : undefined;
          expect(quota.take().refusedBy).toBe(expected);
          if (expected === undefined) counted.push(nowMs);
        }
      }),
      { numRuns: 30 },
    );
  });
});
