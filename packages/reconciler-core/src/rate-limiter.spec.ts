import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { cappedAt, exponentialBackoff, longestOf, tokenBucket } from './rate-limiter.ts';
import type { RateLimiter } from './rate-limiter.ts';
import { FakeClock } from './testing.ts';
import { TokenBucket } from './token-bucket.ts';
import { defaultLimiter } from './work-queue.ts';

const constant = (delayMs: number): RateLimiter<string> => {
  let failures = 0;
  return {
    nextDelayMs: () => ((failures += 1), delayMs),
    forget: () => void (failures = 0),
    failures: () => failures,
  };
};

describe('exponentialBackoff', () => {
  test('doubles from the base to the cap, per key', () => {
    const limiter = exponentialBackoff<string>({ baseMs: 5, capMs: 100 });
    expect([1, 2, 3, 4, 5, 6, 7].map(() => limiter.nextDelayMs('a'))).toEqual([5, 10, 20, 40, 80, 100, 100]);
    expect(limiter.failures('a')).toBe(7);
    expect(limiter.nextDelayMs('b')).toBe(5);
  });

  test('starts over after forget', () => {
    const limiter = exponentialBackoff<string>({ baseMs: 5, capMs: 100 });
    limiter.nextDelayMs('a');
    limiter.nextDelayMs('a');
    limiter.forget('a');
    expect(limiter.failures('a')).toBe(0);
    expect(limiter.nextDelayMs('a')).toBe(5);
  });

  test('stays at the cap however many failures there are', () => {
    const limiter = exponentialBackoff<string>({ baseMs: 5, capMs: 1_000_000 });
    for (let n = 0; n < 2000; n += 1) limiter.nextDelayMs('a');
    expect(limiter.nextDelayMs('a')).toBe(1_000_000);
  });
});

describe('combinations', () => {
  test('longestOf takes the longest delay and counts with every limiter', () => {
    const [short, long] = [constant(3), constant(8)];
    const limiter = longestOf(short, long);
    expect(limiter.nextDelayMs('a')).toBe(8);
    expect([short.failures('a'), long.failures('a'), limiter.failures('a')]).toEqual([1, 1, 1]);
    limiter.forget('a');
    expect([short.failures('a'), long.failures('a')]).toEqual([0, 0]);
    expect(longestOf<string>().nextDelayMs('a')).toBe(0);
  });

  test('cappedAt cuts the delay', () => {
    const limiter = cappedAt(exponentialBackoff<string>({ baseMs: 5, capMs: 1000 }), 12);
    expect([1, 2, 3].map(() => limiter.nextDelayMs('a'))).toEqual([5, 10, 12]);
    expect(limiter.failures('a')).toBe(3);
    limiter.forget('a');
    expect(limiter.failures('a')).toBe(0);
  });

  test('with the default limiter the last of 1000 keys that fail together waits 90 s', () => {
    const limiter = defaultLimiter<number>(new FakeClock());
    const delays = Array.from({ length: 1000 }, (_, key) => limiter.nextDelayMs(key));
    expect(delays.slice(0, 100)).toEqual(Array(100).fill(5));
    expect(delays[100]).toBeCloseTo(100);
    expect(delays[999]).toBeCloseTo(90_000);
  });
});

describe('tokenBucket', () => {
  test('gives the delays of a reservation on a bucket that refills continuously', async () => {
    const steps = fc.array(fc.oneof(fc.nat(2000), fc.constant('take' as const)), { maxLength: 40 });
    const shape = fc.record({ perSecond: fc.integer({ min: 1, max: 50 }), burst: fc.integer({ min: 1, max: 10 }) });
    await fc.assert(
      fc.asyncProperty(shape, steps, async ({ perSecond, burst }, list) => {
        const clock = new FakeClock();
        const limiter = tokenBucket<string>({ perSecond, burst, clock });
        let tokens = burst;
        for (const next of list) {
          if (next !== 'take') {
            await clock.advance(next);
            tokens = Math.min(burst, tokens + (next * perSecond) / 1000);
            continue;
          }
          tokens -= 1;
          expect(limiter.nextDelayMs('any')).toBeCloseTo(tokens < 0 ? (-tokens / perSecond) * 1000 : 0, 4);
        }
        expect(limiter.failures('any')).toBe(0);
      }),
    );
  });

  test.each([
    { perSecond: 0, burst: 1 },
    { perSecond: 1, burst: 0 },
    { perSecond: Number.NaN, burst: 1 },
  ])('refuses $perSecond per second with burst $burst', (options) => {
    expect(() => tokenBucket({ ...options, clock: new FakeClock() })).toThrow(RangeError);
  });
});

describe('TokenBucket.take', () => {
  const never = new AbortController().signal;

  test('serves the callers in order, at the rate', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 2, clock });
    const startedMs = clock.monotonicMs();
    const served: [number, number][] = [];
    for (let n = 0; n < 5; n += 1) {
      void bucket.take(never).then(() => served.push([n, Math.round(clock.monotonicMs() - startedMs)]));
    }
    expect(bucket.tryTake()).toBe(false);
    await clock.advance(1000);
    expect(served).toEqual([
      [0, 0],
      [1, 0],
      [2, 100],
      [3, 200],
      [4, 300],
    ]);
    expect(bucket.tryTake()).toBe(true);
    expect(clock.pendingTimers).toBe(0);
  });

  test('nobody overtakes those who wait', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
    await bucket.take(never);
    let hasOvertaken: boolean | undefined;
    clock.after(100, () => (hasOvertaken = bucket.tryTake()));
    let isServed = false;
    void bucket.take(never).then(() => (isServed = true));
    await clock.advance(100);
    expect([hasOvertaken, isServed]).toEqual([false, true]);
  });

  test('a caller that gives up costs the others no token', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
    await bucket.take(never);
    const aborter = new AbortController();
    const impatient = bucket.take(aborter.signal);
    let isServed = false;
    void bucket.take(never).then(() => (isServed = true));
    aborter.abort(new Error('too slow'));
    await expect(impatient).rejects.toThrow('too slow');
    await clock.advance(100);
    expect(isServed).toBe(true);
  });

  test('the last one to give up leaves no timer; an aborted signal takes nothing', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
    await expect(bucket.take(AbortSignal.abort(new Error('before')))).rejects.toThrow('before');
    expect(bucket.tryTake()).toBe(true);
    const aborter = new AbortController();
    const waiting = bucket.take(aborter.signal);
    aborter.abort(new Error('over'));
    await expect(waiting).rejects.toThrow('over');
    expect(clock.pendingTimers).toBe(0);
  });

  test('never lets more than burst + rate × time through, whoever gives up', async () => {
    const arrivals = fc.array(fc.record({ atMs: fc.nat(1500), patienceMs: fc.option(fc.nat(400)) }), { maxLength: 25 });
    await fc.assert(
      fc.asyncProperty(arrivals, fc.integer({ min: 1, max: 4 }), async (list, burst) => {
        const clock = new FakeClock();
        const bucket = new TokenBucket({ perSecond: 10, burst, clock });
        const servedMs: number[] = [];
        let ended = 0;
        for (const { atMs, patienceMs } of list) {
          clock.after(atMs, () => {
            const aborter = new AbortController();
            if (patienceMs !== null) clock.after(patienceMs, () => aborter.abort());
            void bucket
              .take(aborter.signal)
              .then(
                () => servedMs.push(clock.monotonicMs()),
                () => {},
              )
              .finally(() => (ended += 1));
          });
        }
        await clock.advance(5000);
        expect(ended).toBe(list.length);
        servedMs.forEach((fromMs, first) => {
          servedMs.slice(first).forEach((untilMs, further) => {
            expect(further + 1).toBeLessThanOrEqual(burst + (untilMs - fromMs) / 100 + 1e-6);
          });
        });
      }),
      { numRuns: 50 },
    );
  });

  test('reservations go first and push the waiting callers back', async () => {
    const clock = new FakeClock();
    const bucket = new TokenBucket({ perSecond: 10, burst: 1, clock });
    expect(bucket.reserveMs()).toBe(0);
    let isServed = false;
    void bucket.take(never).then(() => (isServed = true));
    expect(bucket.reserveMs()).toBeCloseTo(100);
    await clock.advance(199);
    expect(isServed).toBe(false);
    await clock.advance(1);
    expect(isServed).toBe(true);
  });
});
