import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { Controller } from './controller.ts';
import type { ControllerOptions, ReconcileFailure } from './controller.ts';
import { never, onChange, OperatorError, retryAfter } from './errors.ts';
import type { Disposition } from './errors.ts';
import { checkAgain, settled } from './outcome.ts';
import type { Outcome } from './outcome.ts';
import { exponentialBackoff } from './rate-limiter.ts';
import type { ReconcileRun } from './reconcile.ts';
import { FakeClock, fakeMetrics, FakeSource, recordingLogger } from './testing.ts';

const failing = (disposition: Disposition): OperatorError => new OperatorError('SOME_CODE', 'it failed', disposition);

interface Call {
  readonly key: string;
  readonly attempt: number;
  readonly atMs: number;
}

/** A controller whose nth reconcile does what the nth answer says (the last one for ever), with everything that it did. */
function aController(
  answers: readonly (Outcome | Error | ((run: ReconcileRun) => Promise<Outcome>))[],
  options: Partial<ControllerOptions<string>> = {},
) {
  const clock = new FakeClock();
  const log = recordingLogger();
  const calls: Call[] = [];
  const failures: ReconcileFailure<string>[] = [];
  const startedMs = clock.monotonicMs();
  const stop = new AbortController();
  const controller = new Controller<string>({
    name: 'test',
    workers: 1,
    clock,
    log,
    limiter: exponentialBackoff({ baseMs: 10, capMs: 1000 }),
    onFailure: (failure) => failures.push(failure),
    reconcile: (key, run) => {
      const answer = answers[Math.min(calls.length, answers.length - 1)] ?? settled;
      calls.push({ key, attempt: run.attempt, atMs: clock.monotonicMs() - startedMs });
      if (answer instanceof Error) throw answer;
      return typeof answer === 'function' ? answer(run) : Promise.resolve(answer);
    },
    ...options,
  });
  return { clock, log, calls, failures, stop, controller };
}

/** A reconcile that ends when the test says so. */
function held() {
  const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
  const state = { signal: undefined as AbortSignal | undefined };
  const work = (run: ReconcileRun): Promise<Outcome> => {
    state.signal = run.signal;
    return promise;
  };
  return { work, state, end: () => resolve(settled), fail: reject };
}

describe('dispositions and outcomes', () => {
  test.each([
    {
      name: 'settled: not again by itself',
      answers: [settled],
      calls: [{ atMs: 0, attempt: 1 }],
    },
    {
      name: 'check-again: later, and the attempts start over',
      answers: [new Error('x'), checkAgain(300, 'load balancer is being made'), settled],
      calls: [
        { atMs: 0, attempt: 1 },
        { atMs: 10, attempt: 2 },
        { atMs: 310, attempt: 1 },
      ],
    },
    {
      name: 'backoff: growing pauses, from the base again after success',
      answers: [new Error('x'), new Error('x'), new Error('x'), checkAgain(500, 'y'), new Error('x'), settled],
      calls: [
        { atMs: 0, attempt: 1 },
        { atMs: 10, attempt: 2 },
        { atMs: 30, attempt: 3 },
        { atMs: 70, attempt: 4 },
        { atMs: 570, attempt: 1 },
        { atMs: 580, attempt: 2 },
      ],
    },
    {
      name: 'after: exactly then, and the failure count stays as it is',
      answers: [new Error('x'), failing(retryAfter(250)), failing(retryAfter(250)), new Error('x'), settled],
      calls: [
        { atMs: 0, attempt: 1 },
        { atMs: 10, attempt: 2 },
        { atMs: 260, attempt: 2 },
        { atMs: 510, attempt: 2 },
        { atMs: 530, attempt: 3 },
      ],
    },
    {
      name: 'on-change: waits for the object',
      answers: [new Error('x'), failing(onChange)],
      calls: [
        { atMs: 0, attempt: 1 },
        { atMs: 10, attempt: 2 },
      ],
    },
  ])('$name', async ({ answers, calls }) => {
    const test = aController(answers);
    test.controller.enqueue('a');
    const run = test.controller.run(test.stop.signal);
    await test.clock.advance(60_000);
    expect(test.calls).toEqual(calls.map((call) => ({ key: 'a', ...call })));
    expect(test.clock.pendingTimers).toBe(0);
    test.stop.abort();
    await run;
  });

  test('on-change: the next change is a first attempt', async () => {
    const source = new FakeSource<string>();
    const { controller, clock, calls, stop } = aController([new Error('x'), failing(onChange), settled]);
    const run = controller.watch(source, ({ object }) => [object]).run(stop.signal);
    source.set('a', 'a');
    await clock.advance(1000);
    source.set('a', 'a');
    await clock.advance(1000);
    expect(calls.map((call) => call.attempt)).toEqual([1, 2, 1]);
    stop.abort();
    await run;
  });

  test('never: run rejects with that error after the others have ended', async () => {
    const other = held();
    const { controller, clock, failures, stop } = aController([other.work, failing(never)], { workers: 2 });
    controller.enqueue('a');
    controller.enqueue('b');
    controller.enqueue('c');
    let end: unknown = 'running';
    const run = controller.run(stop.signal).catch((error: unknown) => (end = error));
    await clock.advance(100);
    expect(end).toBe('running');
    expect(controller.busy).toBe(1);
    other.end();
    await run;
    expect(end).toMatchObject({ code: 'SOME_CODE', disposition: never });
    expect(failures.map(({ key }) => key)).toEqual(['b']);
  });

  test('failures are reported with their disposition, as classified by the boundary', async () => {
    const { controller, clock, failures, log, stop } = aController([new Error('x'), settled], {
      classify: () => retryAfter(70),
    });
    controller.enqueue('a');
    const run = controller.run(stop.signal);
    await clock.advance(100);
    expect(failures).toEqual([{ key: 'a', attempt: 1, disposition: retryAfter(70), error: new Error('x') }]);
    expect(log.lines.filter((line) => line.level === 'warn')).toEqual([
      expect.objectContaining({
        message: 'reconcile failed',
        fields: { controller: 'test', key: 'a', attempt: 1, retry: 'after', error: new Error('x') },
      }),
    ]);
    stop.abort();
    await run;
  });

  test('an error in onFailure is logged and the key is still tried again', async () => {
    const { controller, clock, calls, log, stop } = aController([new Error('x'), settled], {
      onFailure: () => {
        throw new Error('recorder is broken');
      },
    });
    controller.enqueue('a');
    const run = controller.run(stop.signal);
    await clock.advance(100);
    expect(calls).toHaveLength(2);
    expect(log.lines.filter((line) => line.level === 'error')).toHaveLength(1);
    stop.abort();
    await run;
  });

  test('an error in classify ends the controller with that error', async () => {
    const { controller, clock, stop } = aController([new Error('x')], {
      workers: 2,
      classify: () => {
        throw new Error('classify is broken');
      },
    });
    controller.enqueue('a');
    const run = controller.run(stop.signal);
    void run.catch(() => {});
    await clock.settle();
    await expect(run).rejects.toThrow('classify is broken');
  });
});

describe('sources', () => {
  test('nothing is handed out before every source is synced', async () => {
    const first = new FakeSource<string>({ objects: { a: 'a' } });
    const second = new FakeSource<string>({ synced: false });
    const { controller, clock, calls, stop } = aController([settled]);
    controller.watch(first, ({ object }) => [object]).watch(second, () => []);
    const run = controller.run(stop.signal);
    await clock.advance(5000);
    expect(calls).toEqual([]);
    second.markSynced();
    await clock.advance(0);
    expect(calls.map((call) => call.key)).toEqual(['a']);
    stop.abort();
    await run;
  });

  test('one change can concern many keys, and each kind of change counts', async () => {
    const source = new FakeSource<string>();
    const { controller, clock, calls, stop } = aController([settled]);
    controller.watch(source, (change) => [`${change.kind}-1`, `${change.kind}-2`]);
    const run = controller.run(stop.signal);
    source.set('x', 'one');
    source.set('x', 'two');
    source.delete('x');
    await clock.advance(0);
    expect(calls.map((call) => call.key)).toEqual([
      'added-1',
      'added-2',
      'updated-1',
      'updated-2',
      'deleted-1',
      'deleted-2',
    ]);
    stop.abort();
    await run;
    expect(source.subscribers).toBe(0);
  });

  test('a stop while waiting for the first list resolves; a source that fails rejects', async () => {
    const waiting = new FakeSource<string>({ synced: false });
    const stopped = aController([settled]);
    const run = stopped.controller.watch(waiting, () => []).run(stopped.stop.signal);
    stopped.stop.abort();
    await run;
    expect(waiting.subscribers).toBe(0);

    const failed = aController([settled]);
    const broken = { subscribe: () => () => {}, synced: () => Promise.reject(new Error('forbidden')) };
    await expect(failed.controller.watch(broken, () => []).run(failed.stop.signal)).rejects.toThrow('forbidden');
  });

  test('watch after run, and a second run, are mistakes', async () => {
    const { controller, stop } = aController([settled]);
    const run = controller.run(stop.signal);
    expect(() => controller.watch(new FakeSource<string>(), () => [])).toThrow('watch before run');
    stop.abort();
    await run;
    await expect(controller.run(stop.signal)).rejects.toThrow('run already');
    expect(() => aController([settled], { workers: 0 })).toThrow(RangeError);
  });
});

describe('stop', () => {
  test('running reconciles may finish; no further key is handed out', async () => {
    const first = held();
    const { controller, clock, calls, stop } = aController([first.work, settled]);
    controller.enqueue('a');
    controller.enqueue('b');
    let isOver = false;
    const run = controller.run(stop.signal).then(() => (isOver = true));
    await clock.settle();
    stop.abort();
    await clock.advance(7999);
    expect(first.state.signal?.aborted).toBe(false);
    expect(isOver).toBe(false);
    first.end();
    await run;
    expect(calls.map((call) => call.key)).toEqual(['a']);
    expect(clock.pendingTimers).toBe(0);
  });

  test('after drainMs their signal aborts; what they throw then is no failure', async () => {
    const { controller, clock, failures, stop } = aController(
      [
        (run) =>
          new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(new Error('interrupted')))),
      ],
      { drainMs: 500 },
    );
    controller.enqueue('a');
    const run = controller.run(stop.signal);
    await clock.settle();
    stop.abort();
    await clock.advance(500);
    await run;
    expect(failures).toEqual([]);
    expect(clock.pendingTimers).toBe(0);
  });

  test('a reconcile that ignores its signal is left behind and named', async () => {
    const stuck = held();
    const { controller, clock, log, stop } = aController([stuck.work], { drainMs: 500 });
    controller.enqueue('a');
    const run = controller.run(stop.signal);
    await clock.settle();
    stop.abort();
    await clock.advance(1500);
    await run;
    expect(stuck.state.signal?.aborted).toBe(true);
    expect(log.lines.at(-1)).toMatchObject({ level: 'error', fields: { keys: ['a'] } });
  });

  test('a key that was handed out in the very moment of the stop is not begun', async () => {
    const { controller, clock, calls, stop } = aController([settled]);
    const run = controller.run(stop.signal);
    await clock.settle();
    controller.enqueue('a');
    stop.abort();
    await run;
    expect(calls).toEqual([]);
  });

  test('before the start it starts nothing', async () => {
    const { controller, calls } = aController([settled]);
    controller.enqueue('a');
    await controller.run(AbortSignal.abort());
    expect(calls).toEqual([]);
  });
});

describe('health', () => {
  test('shows how many reconciles run and the age of the oldest key', async () => {
    const first = held();
    const { controller, clock, stop } = aController([first.work, settled]);
    controller.enqueue('a');
    await clock.advance(100);
    expect(controller.oldestItemAgeMs()).toBe(0);
    const run = controller.run(stop.signal);
    await clock.advance(40);
    controller.enqueue('b');
    await clock.advance(20);
    expect([controller.busy, controller.queue.depth]).toEqual([1, 1]);
    expect(controller.oldestItemAgeMs()).toBe(60);
    first.end();
    await clock.settle();
    expect([controller.busy, controller.oldestItemAgeMs()]).toEqual([0, 0]);
    stop.abort();
    await run;
  });

  test('the queue carries the name that dashboards know', async () => {
    const metrics = fakeMetrics();
    const { controller } = aController([settled], { metrics, queueName: 'Nodes' });
    controller.enqueue('a');
    controller.enqueueAfter('b', 10);
    expect(metrics.value('workqueue_depth', { name: 'Nodes' })).toBe(1);
    expect(controller.queue.waiting).toBe(1);
  });

  test('many reconciles without I/O do not keep the event loop for themselves', async () => {
    const stop = new AbortController();
    let done = 0;
    let doneAtFirstTurn = -1;
    let nowMs = 0;
    const clock = { nowMs: () => nowMs, monotonicMs: () => nowMs, after: () => () => {} };
    const controller = new Controller<number>({
      name: 'busy',
      workers: 3,
      clock,
      log: recordingLogger(),
      reconcile: (key) => {
        nowMs += 1;
        done += 1;
        if (key === 99) stop.abort();
        return Promise.resolve(settled);
      },
    });
    for (let key = 0; key < 100; key += 1) controller.enqueue(key);
    setImmediate(() => (doneAtFirstTurn = done));
    await controller.run(stop.signal);
    expect(done).toBe(100);
    expect(doneAtFirstTurn).toBeGreaterThanOrEqual(0);
    expect(doneAtFirstTurn).toBeLessThan(100);
  });
});

test('whatever fails on the way, every object ends up reconciled in its last version, one reconcile per key at a time', async () => {
  const key = fc.constantFrom('a', 'b', 'c');
  const changes = fc.array(fc.record({ key, atMs: fc.nat(300) }), { minLength: 1, maxLength: 20 });
  const answers = fc.array(fc.constantFrom('ok', 'fail', 'after', 'again'), { maxLength: 30 });
  await fc.assert(
    fc.asyncProperty(changes, answers, fc.integer({ min: 1, max: 3 }), async (list, script, workers) => {
      const clock = new FakeClock();
      const source = new FakeSource<{ key: string; version: number }>();
      const seen = new Map<string, number>();
      const running = new Set<string>();
      const stop = new AbortController();
      let calls = 0;
      let overlaps = 0;
      const controller = new Controller<string>({
        name: 'test',
        workers,
        clock,
        log: recordingLogger(),
        reconcile: async (each) => {
          if (running.has(each)) overlaps += 1;
          running.add(each);
          const version = source.get(each)?.version ?? -1;
          await new Promise<void>((resolve) => void clock.after(7, resolve));
          running.delete(each);
          const answer = script[calls++] ?? 'ok';
          if (answer === 'fail') throw new Error('x');
          if (answer === 'after') throw failing(retryAfter(20));
          if (answer === 'again') return checkAgain(15, 'waiting');
          seen.set(each, version);
          return settled;
        },
      }).watch(source, ({ object }) => [object.key]);
      list.forEach(({ key: each, atMs }, version) => {
        clock.after(atMs, () => source.set(each, { key: each, version }));
      });
      const run = controller.run(stop.signal);
      await clock.runUntilIdle();
      expect(Object.fromEntries(seen)).toEqual(
        Object.fromEntries(source.list().map((object) => [object.key, object.version])),
      );
      expect(overlaps).toBe(0);
      stop.abort();
      await run;
    }),
    { numRuns: 60 },
  );
});
