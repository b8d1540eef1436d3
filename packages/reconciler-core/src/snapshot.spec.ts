import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { sleep } from './clock.ts';
import { Snapshot } from './snapshot.ts';
import { FakeClock } from './testing.ts';

/** A snapshot whose nth load ends with the value n when the test says so. */
function aSnapshot() {
  const clock = new FakeClock();
  const loads: { signal: AbortSignal; answer: PromiseWithResolvers<number> }[] = [];
  const snapshot = new Snapshot<number>({
    clock,
    load: (signal) => {
      const answer = Promise.withResolvers<number>();
      loads.push({ signal, answer });
      return answer.promise;
    },
  });
  const end = async (nth: number): Promise<void> => {
    loads[nth - 1]?.answer.resolve(nth);
    await clock.settle();
  };
  return { clock, loads, snapshot, end };
}

describe('Snapshot', () => {
  test('all who ask share one load, and the age counts from its start', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    const startedMs = clock.monotonicMs();
    const both = [snapshot.get({ maxAgeMs: 10_000 }), snapshot.get({ maxAgeMs: 0 })];
    await clock.advance(300);
    await end(1);
    expect(await Promise.all(both)).toEqual(Array(2).fill({ value: 1, takenAtMs: startedMs }));
    expect(loads).toHaveLength(1);
  });

  test('a value that is young enough is not loaded again; an older one is', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    void snapshot.get({ maxAgeMs: 100 });
    await end(1);
    await clock.advance(100);
    expect((await snapshot.get({ maxAgeMs: 100 })).value).toBe(1);
    await clock.advance(1);
    const refreshed = snapshot.get({ maxAgeMs: 100 });
    expect(loads).toHaveLength(2);
    await end(2);
    expect((await refreshed).value).toBe(2);
  });

  test('a load that began before the question is not fresh enough for maxAgeMs 0: the next one is shared', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    void snapshot.get({ maxAgeMs: 0 });
    await clock.advance(5);
    const strict = [snapshot.get({ maxAgeMs: 0 }), snapshot.get({ maxAgeMs: 4 })];
    const relaxed = snapshot.get({ maxAgeMs: 5 });
    await end(1);
    expect((await relaxed).value).toBe(1);
    expect(loads).toHaveLength(2);
    await end(2);
    expect((await Promise.all(strict)).map((taken) => taken.value)).toEqual([2, 2]);
    expect(loads).toHaveLength(2);
  });

  test('a failed refresh rejects for all who asked; the old value stays for peek, and the next question loads again', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    expect(snapshot.peek()).toBeUndefined();
    void snapshot.get({ maxAgeMs: 0 });
    await end(1);
    const old = snapshot.peek();
    await clock.advance(10);
    const both = Promise.allSettled([snapshot.get({ maxAgeMs: 1 }), snapshot.get({ maxAgeMs: 1 })]);
    loads[1]?.answer.reject(new Error('cloud is down'));
    expect((await both).map((result) => result.status)).toEqual(['rejected', 'rejected']);
    expect(snapshot.peek()).toBe(old);
    expect(old?.value).toBe(1);
    const third = snapshot.get({ maxAgeMs: 1 });
    await end(3);
    expect((await third).value).toBe(3);
  });

  test('a failure of a load that is too old for a caller is not its failure', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    const first = snapshot.get({ maxAgeMs: 0 });
    await clock.advance(1);
    const second = snapshot.get({ maxAgeMs: 0 });
    loads[0]?.answer.reject(new Error('x'));
    await expect(first).rejects.toThrow('x');
    await clock.settle();
    await end(2);
    expect((await second).value).toBe(2);
  });

  test('a load that throws at once rejects', async () => {
    const snapshot = new Snapshot<number>({
      clock: new FakeClock(),
      load: () => {
        throw new Error('no credentials');
      },
    });
    await expect(snapshot.get({ maxAgeMs: 0 })).rejects.toThrow('no credentials');
    await expect(snapshot.get({ maxAgeMs: 0 })).rejects.toThrow('no credentials');
  });

  test('after invalidate neither the value nor a running load is fresh, but peek still has it', async () => {
    const { loads, snapshot, end } = aSnapshot();
    void snapshot.get({ maxAgeMs: 1000 });
    await end(1);
    snapshot.invalidate();
    expect(snapshot.peek()?.value).toBe(1);
    const second = snapshot.get({ maxAgeMs: 1000 });
    snapshot.invalidate();
    const third = snapshot.get({ maxAgeMs: 1000 });
    await end(2);
    expect((await second).value).toBe(2);
    expect(loads).toHaveLength(3);
    await end(3);
    expect((await third).value).toBe(3);
    expect((await snapshot.get({ maxAgeMs: 1000 })).value).toBe(3);
  });

  test('a caller who gives up leaves the load to the others; the last one stops it', async () => {
    const { clock, loads, snapshot, end } = aSnapshot();
    const [one, two] = [new AbortController(), new AbortController()];
    const first = snapshot.get({ maxAgeMs: 0, signal: one.signal });
    const second = snapshot.get({ maxAgeMs: 0, signal: two.signal });
    one.abort(new Error('one'));
    await expect(first).rejects.toThrow('one');
    expect(loads[0]?.signal.aborted).toBe(false);
    two.abort(new Error('two'));
    await expect(second).rejects.toThrow('two');
    expect(loads[0]?.signal.aborted).toBe(true);

    const next = snapshot.get({ maxAgeMs: 0 });
    expect(loads).toHaveLength(2);
    await end(1);
    expect(snapshot.peek()).toBeUndefined();
    await end(2);
    expect((await next).value).toBe(2);
    expect(clock.pendingTimers).toBe(0);
    await expect(snapshot.get({ maxAgeMs: 0, signal: one.signal })).rejects.toThrow('one');
  });

  test('one who waits for a later load can give up as well', async () => {
    const { clock, snapshot, end } = aSnapshot();
    const first = snapshot.get({ maxAgeMs: 0 });
    await clock.advance(1);
    const aborter = new AbortController();
    const second = snapshot.get({ maxAgeMs: 0, signal: aborter.signal });
    aborter.abort(new Error('over'));
    await expect(second).rejects.toThrow('over');
    await end(1);
    expect((await first).value).toBe(1);
  });

  test('nobody gets a value that was loaded earlier than asked for, or an old one as the answer to a failure; loads do not overlap', async () => {
    const question = fc.record({ atMs: fc.nat(200), maxAgeMs: fc.nat(50), patienceMs: fc.option(fc.nat(60)) });
    const outcomes = fc.array(fc.boolean(), { minLength: 1, maxLength: 20 });
    await fc.assert(
      fc.asyncProperty(fc.array(question, { maxLength: 25 }), outcomes, fc.nat(40), async (list, fails, loadMs) => {
        const clock = new FakeClock();
        const problems: string[] = [];
        let loads = 0;
        let active = 0;
        const snapshot = new Snapshot<number>({
          clock,
          load: async (signal) => {
            if (++active > 1) problems.push('two loads at once');
            const startedMs = clock.monotonicMs();
            const isBad = fails[loads++ % fails.length];
            try {
              await sleep(clock, loadMs, signal);
            } finally {
              active -= 1;
            }
            if (isBad) throw new Error('load failed');
            return startedMs;
          },
        });
        let ended = 0;
        for (const { atMs, maxAgeMs, patienceMs } of list) {
          clock.after(atMs, () => {
            const askedMs = clock.monotonicMs();
            const aborter = new AbortController();
            if (patienceMs !== null) clock.after(patienceMs, () => aborter.abort(new Error('over')));
            snapshot
              .get({ maxAgeMs, signal: aborter.signal })
              .then(
                ({ value, takenAtMs }) => {
                  if (value !== takenAtMs) problems.push('a time that is not that of the value');
                  if (takenAtMs < askedMs - maxAgeMs) problems.push('too old');
                },
                (error: unknown) => {
                  if ((error as Error).message === 'over' && !aborter.signal.aborted) problems.push("another's abort");
                },
              )
              .finally(() => (ended += 1));
          });
        }
        await clock.runUntilIdle();
        expect(problems).toEqual([]);
        expect(ended).toBe(list.length);
      }),
      { numRuns: 100 },
    );
  });
});
