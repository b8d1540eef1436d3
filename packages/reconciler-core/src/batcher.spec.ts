import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Batcher } from './batcher.ts';
import type { BatcherOptions } from './batcher.ts';
import { sleep } from './clock.ts';
import { FakeClock } from './testing.ts';

const patient = new AbortController().signal;

interface Load {
  readonly keys: readonly string[];
  readonly signal: AbortSignal;
  readonly answer: PromiseWithResolvers<ReadonlyMap<string, string>>;
}

/** A batcher whose loads end when the test says so. `answerAll` answers each key with itself in upper case. */
function aBatcher(options: Partial<BatcherOptions<string, string>> = {}) {
  const clock = new FakeClock();
  const loads: Load[] = [];
  const batcher = new Batcher<string, string>({
    clock,
    load: (keys, signal) => {
      const answer = Promise.withResolvers<ReadonlyMap<string, string>>();
      loads.push({ keys, signal, answer });
      return answer.promise;
    },
    ...options,
  });
  const answerAll = (load: Load): void =>
    load.answer.resolve(new Map(load.keys.map((key) => [key, key.toUpperCase()])));
  return { clock, loads, batcher, answerAll };
}

describe('Batcher', () => {
  test('merges the look-ups of one window, which opens with the first', async () => {
    const { clock, loads, batcher, answerAll } = aBatcher();
    const a = batcher.get('a', patient);
    await clock.advance(49);
    const others = [batcher.get('b', patient), batcher.get('a', patient)];
    expect(loads).toEqual([]);
    await clock.advance(1);
    expect(loads.map((load) => load.keys)).toEqual([['a', 'b']]);
    answerAll(loads[0]!);
    expect(await Promise.all([a, ...others])).toEqual(['A', 'B', 'A']);
  });

  test('a key that the load leaves out is undefined', async () => {
    const { clock, loads, batcher } = aBatcher();
    const a = batcher.get('a', patient);
    await clock.advance(50);
    loads[0]?.answer.resolve(new Map());
    expect(await a).toBeUndefined();
  });

  test('a key that is being loaded is not asked again; another one is', async () => {
    const { clock, loads, batcher, answerAll } = aBatcher();
    const first = batcher.get('a', patient);
    await clock.advance(50);
    const joined = [batcher.get('a', patient), batcher.get('b', patient)];
    await clock.advance(50);
    expect(loads.map((load) => load.keys)).toEqual([['a'], ['b']]);
    loads.forEach(answerAll);
    expect(await Promise.all([first, ...joined])).toEqual(['A', 'A', 'B']);
    void batcher.get('a', patient);
    await clock.advance(50);
    expect(loads.map((load) => load.keys)).toEqual([['a'], ['b'], ['a']]);
  });

  test('a full batch is loaded at once', async () => {
    const { clock, loads, batcher } = aBatcher({ maxKeys: 2 });
    for (const key of ['a', 'a', 'b', 'c']) void batcher.get(key, patient);
    expect(loads.map((load) => load.keys)).toEqual([['a', 'b']]);
    await clock.advance(50);
    expect(loads.map((load) => load.keys)).toEqual([['a', 'b'], ['c']]);
    expect(clock.pendingTimers).toBe(0);
  });

  test.each([
    { how: 'rejects', load: () => Promise.reject(new Error('cloud is down')) },
    {
      how: 'throws at once',
      load: () => {
        throw new Error('cloud is down');
      },
    },
  ])('a load that $how rejects all its callers and nobody else', async ({ load }) => {
    let loads = 0;
    const { clock, batcher } = aBatcher({
      load: () => ((loads += 1), loads === 1 ? load() : Promise.resolve(new Map([['a', 'fine']]))),
    });
    const both = Promise.allSettled([batcher.get('a', patient), batcher.get('b', patient)]);
    await clock.advance(50);
    expect((await both).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    const again = batcher.get('a', patient);
    await clock.advance(50);
    expect(await again).toBe('fine');
  });

  test('a caller who gives up does not disturb the others', async () => {
    const { clock, loads, batcher, answerAll } = aBatcher();
    const [early, late] = [new AbortController(), new AbortController()];
    const gone = [batcher.get('a', early.signal), batcher.get('b', late.signal)];
    const staying = batcher.get('b', patient);
    early.abort(new Error('early'));
    await expect(gone[0]).rejects.toThrow('early');
    await clock.advance(50);
    expect(loads[0]?.keys).toEqual(['b']);
    late.abort(new Error('late'));
    await expect(gone[1]).rejects.toThrow('late');
    expect(loads[0]?.signal.aborted).toBe(false);
    answerAll(loads[0]!);
    expect(await staying).toBe('B');
    expect(loads[0]?.signal.aborted).toBe(false);
    await expect(batcher.get('a', early.signal)).rejects.toThrow('early');
  });

  test('when all callers have given up nothing is loaded, or the load is told to stop and joined no more', async () => {
    const { clock, loads, batcher, answerAll } = aBatcher();
    const aborters = [new AbortController(), new AbortController()];
    const never = batcher.get('a', aborters[0]!.signal);
    aborters[0]!.abort(new Error('over'));
    await expect(never).rejects.toThrow('over');
    await clock.advance(100);
    expect([loads.length, clock.pendingTimers]).toEqual([0, 0]);

    const started = batcher.get('a', aborters[1]!.signal);
    await clock.advance(50);
    aborters[1]!.abort(new Error('over'));
    await expect(started).rejects.toThrow('over');
    expect(loads[0]?.signal.aborted).toBe(true);
    const next = batcher.get('a', patient);
    await clock.advance(50);
    loads[0]?.answer.reject(new Error('aborted, as told'));
    await clock.settle();
    answerAll(loads[1]!);
    expect(await next).toBe('A');
  });

  test('every caller gets the answer for its key or its own abort, and no key is in two loads at once', async () => {
    const call = fc.record({
      key: fc.constantFrom('a', 'b', 'c', 'd'),
      atMs: fc.nat(200),
      patienceMs: fc.option(fc.nat(80)),
    });
    const shape = fc.record({ loadMs: fc.nat(60), windowMs: fc.nat(50), maxKeys: fc.integer({ min: 1, max: 4 }) });
    await fc.assert(
      fc.asyncProperty(fc.array(call, { maxLength: 25 }), shape, async (calls, { loadMs, windowMs, maxKeys }) => {
        const clock = new FakeClock();
        const loading = new Set<string>();
        const problems: string[] = [];
        const batcher = new Batcher<string, string>({
          clock,
          windowMs,
          maxKeys,
          load: async (keys, signal) => {
            if (keys.length > maxKeys || keys.length === 0) problems.push(`load of ${keys.length}`);
            for (const key of keys) if (loading.has(key)) problems.push(`${key} twice`);
            keys.forEach((key) => loading.add(key));
            signal.addEventListener('abort', () => keys.forEach((key) => loading.delete(key)));
            await sleep(clock, loadMs);
            if (!signal.aborted) keys.forEach((key) => loading.delete(key));
            return new Map(keys.map((key) => [key, key.toUpperCase()]));
          },
        });
        let ended = 0;
        for (const { key, atMs, patienceMs } of calls) {
          clock.after(atMs, () => {
            const aborter = new AbortController();
            const startedMs = clock.monotonicMs();
            if (patienceMs !== null) clock.after(patienceMs, () => aborter.abort(new Error('over')));
            const check = (result: unknown): void => {
              ended += 1;
              const tookMs = clock.monotonicMs() - startedMs;
              if (result === key.toUpperCase() && tookMs <= windowMs + loadMs) return;
              if (aborter.signal.aborted && tookMs === patienceMs) return;
              problems.push(`${key} got ${String(result)} after ${tookMs}`);
            };
            batcher.get(key, aborter.signal).then(check, check);
          });
        }
        await clock.runUntilIdle();
        expect(problems).toEqual([]);
        expect(ended).toBe(calls.length);
        expect(loading.size).toBe(0);
      }),
      { numRuns: 100 },
    );
  });
});
