import { describe, expect, test } from '@jest/globals';
import fc from 'fast-check';
import { getEventListeners } from 'node:events';
import { exponentialBackoff } from './rate-limiter.ts';
import { FakeClock, fakeMetrics } from './testing.ts';
import { WorkQueue } from './work-queue.ts';
import type { WorkItem } from './work-queue.ts';

const never = new AbortController().signal;

function aQueue(options: { clock?: FakeClock; metrics?: ReturnType<typeof fakeMetrics> } = {}) {
  const clock = options.clock ?? new FakeClock();
  const limiter = exponentialBackoff<string>({ baseMs: 10, capMs: 1000 });
  return { clock, queue: new WorkQueue<string>({ name: 'test', clock, limiter, metrics: options.metrics }) };
}

async function takeAll(queue: WorkQueue<string>): Promise<WorkItem<string>[]> {
  const items: WorkItem<string>[] = [];
  queue.close();
  for (let item = await queue.take(never); item; item = await queue.take(never)) items.push(item);
  return items;
}

describe('WorkQueue', () => {
  test('hands keys out in the order of their first add', async () => {
    const { queue } = aQueue();
    for (const key of ['b', 'a', 'b', 'c', 'a']) queue.add(key);
    expect(queue.depth).toBe(3);
    expect((await takeAll(queue)).map((item) => item.key)).toEqual(['b', 'a', 'c']);
  });

  test('urgent keys go before those that wait already, in their own order', async () => {
    const queue = new WorkQueue<string>({ name: 'q', clock: new FakeClock(), isUrgent: (key) => key.startsWith('!') });
    for (const key of ['a', '!b', 'c', '!d']) queue.add(key);
    const taken: (string | undefined)[] = [];
    for (let at = 0; at < 4; at += 1) taken.push((await queue.take(new AbortController().signal))?.key);
    expect(taken).toEqual(['!b', '!d', 'a', 'c']);
  });

  test('at a time that all were told, urgent keys have a lead of half a second, which others give them once', async () => {
    const clock = new FakeClock();
    const queue = new WorkQueue<string>({ name: 'q', clock, isUrgent: (key) => key.startsWith('!') });
    queue.addAtCommonTime('a', 60_000);
    queue.addAtCommonTime('!b', 60_010);
    await clock.advance(60_010);
    expect({ ready: queue.depth, waiting: queue.waiting }).toEqual({ ready: 1, waiting: 1 });
    await clock.advance(490);
    expect(queue.depth).toBe(2);
    for (let at = 0; at < 2; at += 1) (await queue.take(new AbortController().signal))?.done();
    queue.addAtCommonTime('a', 60_000);
    await clock.advance(60_000);
    expect(queue.depth).toBe(1);
  });

  test('a key that changes while it is with a worker comes back after done, once', async () => {
    const { queue } = aQueue();
    queue.add('a');
    const item = await queue.take(never);
    queue.add('a');
    queue.add('a');
    const second = queue.take(never);
    let isHandedOut = false;
    void second.then(() => (isHandedOut = true));
    await new FakeClock().settle();
    expect(isHandedOut).toBe(false);
    item?.done();
    item?.done();
    expect((await second)?.key).toBe('a');
    expect([queue.depth, queue.processing]).toEqual([0, 1]);
  });

  test('a second done does not end the next turn of the same key', async () => {
    const { queue } = aQueue();
    queue.add('a');
    const first = await queue.take(never);
    queue.add('a');
    first?.done();
    await queue.take(never);
    first?.done();
    queue.add('a');
    expect(queue.processing).toBe(1);
    expect(await takeAll(queue)).toEqual([]);
  });

  test('waiting takers get keys in the order in which they came; one that aborts gets none', async () => {
    const { queue } = aQueue();
    const aborter = new AbortController();
    const takes = [queue.take(never), queue.take(aborter.signal), queue.take(never)];
    aborter.abort();
    queue.add('a');
    queue.add('b');
    expect((await Promise.all(takes)).map((item) => item?.key)).toEqual(['a', undefined, 'b']);
    expect(await queue.take(AbortSignal.abort())).toBeUndefined();
  });

  test('takes leave no listener on their signal', async () => {
    const { queue } = aQueue();
    const { signal } = new AbortController();
    const waiting = queue.take(signal);
    queue.add('a');
    await waiting;
    queue.add('b');
    await queue.take(signal);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('close ends those who wait, drops what is delayed and ignores adds, but hands out what is queued', async () => {
    const { clock, queue } = aQueue();
    queue.add('a');
    queue.add('b');
    queue.addAfter('later', 100);
    const held = await queue.take(never);
    queue.add('a');
    const waiting = aQueue();
    const taker = waiting.queue.take(never);
    waiting.queue.close();
    expect(await taker).toBeUndefined();

    queue.close();
    queue.add('c');
    queue.addAfter('c', 0);
    queue.addRateLimited('c');
    expect([queue.waiting, clock.pendingTimers, queue.failures('c')]).toEqual([0, 0, 0]);
    expect((await queue.take(never))?.key).toBe('b');
    expect(await queue.take(never)).toBeUndefined();
    held?.done();
    expect((await queue.take(never))?.key).toBe('a');
  });

  test('addRateLimited waits longer with each failure until forget', async () => {
    const { clock, queue } = aQueue();
    const delays: number[] = [];
    for (let n = 0; n < 4; n += 1) {
      queue.addRateLimited('a');
      delays.push(clock.nextTimerInMs ?? -1);
      await clock.advance(delays.at(-1) ?? 0);
      (await queue.take(never))?.done();
      if (n === 2) queue.forget('a');
    }
    expect(delays).toEqual([10, 20, 40, 10]);
    expect(queue.failures('a')).toBe(1);
  });

  test('the delays of many keys use one timer', () => {
    const { clock, queue } = aQueue();
    for (let n = 0; n < 100; n += 1) queue.addAfter(`key-${n}`, 100 - n);
    expect([queue.waiting, clock.pendingTimers]).toEqual([100, 1]);
  });

  test('a timer that fires early is armed again', async () => {
    const clock = new FakeClock();
    const early = {
      ...bound(clock),
      after: (ms: number, callback: () => void) => clock.after(ms >= 1 ? ms - 0.4 : 1, callback),
    };
    const queue = new WorkQueue<string>({ name: 'test', clock: early });
    queue.addAfter('a', 10);
    await clock.advance(9.7);
    expect([queue.depth, queue.waiting]).toEqual([0, 1]);
    await clock.advance(1);
    expect(queue.depth).toBe(1);
  });

  function bound(clock: FakeClock): { nowMs(): number; monotonicMs(): number } {
    return { nowMs: () => clock.nowMs(), monotonicMs: () => clock.monotonicMs() };
  }

  test('oldestWaitMs is the age of the oldest key that nobody has', async () => {
    const { clock, queue } = aQueue();
    expect(queue.oldestWaitMs()).toBe(0);
    queue.add('a');
    await clock.advance(30);
    queue.add('b');
    await clock.advance(5);
    expect(queue.oldestWaitMs()).toBe(35);
    await queue.take(never);
    expect(queue.oldestWaitMs()).toBe(5);
  });

  test('5,000 keys cost a bounded number of steps each', async () => {
    let reads = 0;
    const clock = new FakeClock();
    const counting = {
      nowMs: () => clock.nowMs(),
      monotonicMs: () => ((reads += 1), clock.monotonicMs()),
      after: (ms: number, callback: () => void) => clock.after(ms, callback),
    };
    const queue = new WorkQueue<number>({ name: 'test', clock: counting });
    for (let key = 0; key < 5000; key += 1) queue.addAfter(key, 5000 - key);
    await clock.advance(5000);
    queue.close();
    let taken = 0;
    for (let item = await queue.take(never); item; item = await queue.take(never)) {
      item.done();
      taken += 1;
    }
    expect(taken).toBe(5000);
    expect(reads).toBeLessThan(5000 * 10);
  });
});

describe('metrics', () => {
  const own = { name: 'test' };

  test('count adds and retries, and measure waiting and work in seconds', async () => {
    const metrics = fakeMetrics();
    const { clock, queue } = aQueue({ metrics });
    queue.add('a');
    queue.add('a');
    queue.addAfter('b', 2000);
    await clock.advance(3000);
    const a = await queue.take(never);
    await clock.advance(500);
    const b = await queue.take(never);
    await clock.advance(500);
    queue.add('b');
    expect(metrics.value('workqueue_depth', own)).toBe(1);
    expect(metrics.value('workqueue_unfinished_work_seconds', own)).toBe(1.5);
    expect(metrics.value('workqueue_longest_running_processor_seconds', own)).toBe(1);
    a?.done();
    b?.done();
    expect(metrics.value('workqueue_adds_total', own)).toBe(3);
    expect(metrics.value('workqueue_retries_total', own)).toBe(1);
    expect(metrics.observations('workqueue_queue_duration_seconds', own)).toEqual([3, 1.5]);
    expect(metrics.observations('workqueue_work_duration_seconds', own)).toEqual([1, 0.5]);
    expect(metrics.value('workqueue_unfinished_work_seconds', own)).toBe(0);
  });

  test('have the names that Kubernetes dashboards use', () => {
    const metrics = fakeMetrics();
    aQueue({ metrics });
    expect([...metrics.names()].sort()).toEqual([
      'workqueue_adds_total',
      'workqueue_depth',
      'workqueue_longest_running_processor_seconds',
      'workqueue_queue_duration_seconds',
      'workqueue_retries_total',
      'workqueue_unfinished_work_seconds',
      'workqueue_work_duration_seconds',
    ]);
  });

  test('the histograms have ten buckets from 1e-8 to 10 seconds', () => {
    const buckets: (readonly number[])[] = [];
    const metrics = fakeMetrics();
    new WorkQueue({
      name: 'x',
      clock: new FakeClock(),
      metrics: { ...metrics, histogram: (spec) => (buckets.push(spec.buckets), metrics.histogram(spec)) },
    });
    const expected = Array.from({ length: 10 }, (_, n) => Number(`1e${n - 8}`));
    expect(buckets).toEqual([expected, expected]);
  });
});

// The same rules written the slow way: lists instead of heaps, no promises, no clock.
class QueueModel {
  nowMs = 0;
  ready: string[] = [];
  dirty = new Set<string>();
  processing = new Set<string>();
  delayed: { key: string; atMs: number }[] = [];
  failures = new Map<string, number>();
  isClosed = false;
  takers = 0;
  handedOut: (string | undefined)[] = [];

  add(key: string): void {
    if (this.isClosed || this.dirty.has(key)) return;
    this.dirty.add(key);
    if (!this.processing.has(key)) this.#offer(key);
  }

  addAfter(key: string, delayMs: number): void {
    if (this.isClosed) return;
    if (delayMs <= 0) return this.add(key);
    const present = this.delayed.find((entry) => entry.key === key);
    const atMs = this.nowMs + delayMs;
    if (present && present.atMs <= atMs) return;
    this.delayed = [...this.delayed.filter((entry) => entry !== present), { key, atMs }];
  }

  addRateLimited(key: string): void {
    if (this.isClosed) return;
    const failures = this.failures.get(key) ?? 0;
    this.failures.set(key, failures + 1);
    this.addAfter(key, Math.min(1000, 10 * 2 ** failures));
  }

  take(): void {
    this.takers += 1;
    this.#serve();
  }

  done(key: string): void {
    this.processing.delete(key);
    if (this.dirty.has(key)) this.#offer(key);
  }

  close(): void {
    this.isClosed = true;
    this.delayed = [];
    this.#serve();
  }

  advance(ms: number): void {
    const untilMs = this.nowMs + ms;
    this.delayed.sort((a, b) => a.atMs - b.atMs);
    for (let first = this.delayed[0]; first && first.atMs <= untilMs; first = this.delayed[0]) {
      this.nowMs = first.atMs;
      this.delayed.shift();
      this.add(first.key);
    }
    this.nowMs = untilMs;
  }

  #offer(key: string): void {
    this.ready.push(key);
    this.#serve();
  }

  #serve(): void {
    for (let key = this.ready[0]; key !== undefined && this.takers > 0; key = this.ready[0]) {
      this.ready.shift();
      this.dirty.delete(key);
      this.processing.add(key);
      this.takers -= 1;
      this.handedOut.push(key);
    }
    if (!this.isClosed) return;
    for (; this.takers > 0; this.takers -= 1) this.handedOut.push(undefined);
  }
}

describe('WorkQueue against a model', () => {
  const key = fc.constantFrom('a', 'b', 'c', 'd');
  const step = fc.oneof(
    { weight: 6, arbitrary: fc.record({ do: fc.constant('add' as const), key }) },
    {
      weight: 4,
      arbitrary: fc.record({ do: fc.constant('addAfter' as const), key, ms: fc.integer({ min: -1, max: 50 }) }),
    },
    { weight: 2, arbitrary: fc.record({ do: fc.constant('addRateLimited' as const), key }) },
    { weight: 1, arbitrary: fc.record({ do: fc.constant('forget' as const), key }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('take' as const) }) },
    { weight: 5, arbitrary: fc.record({ do: fc.constant('done' as const), nth: fc.nat(3) }) },
    { weight: 3, arbitrary: fc.record({ do: fc.constant('advance' as const), ms: fc.nat(40) }) },
  );
  const steps = fc.record({ all: fc.array(step, { maxLength: 50 }), closeAt: fc.option(fc.nat(50)) });

  test('hands out the same keys in the same order, one worker per key, nothing lost', async () => {
    await fc.assert(
      fc.asyncProperty(steps, async ({ all, closeAt }) => {
        const { clock, queue } = aQueue();
        const model = new QueueModel();
        const held: WorkItem<string>[] = [];
        const handedOut: (string | undefined)[] = [];
        for (const [index, next] of all.entries()) {
          if (index === closeAt) {
            queue.close();
            model.close();
          }
          switch (next.do) {
            case 'take':
              model.take();
              void queue.take(never).then((item) => {
                handedOut.push(item?.key);
                if (item) held.push(item);
              });
              break;
            case 'done': {
              const item = held.splice(next.nth % Math.max(1, held.length), 1)[0];
              item?.done();
              if (item) model.done(item.key);
              break;
            }
            case 'advance':
              model.advance(next.ms);
              await clock.advance(next.ms);
              break;
            case 'addAfter':
              model.addAfter(next.key, next.ms);
              queue.addAfter(next.key, next.ms);
              break;
            case 'forget':
              model.failures.delete(next.key);
              queue.forget(next.key);
              break;
            default:
              model[next.do](next.key);
              queue[next.do](next.key);
          }
          await Promise.resolve();
          await Promise.resolve();
          expect(handedOut).toEqual(model.handedOut);
          expect(new Set(held.map((item) => item.key)).size).toBe(held.length);
          expect({ depth: queue.depth, waiting: queue.waiting, processing: queue.processing }).toEqual({
            depth: model.dirty.size,
            waiting: model.delayed.length,
            processing: model.processing.size,
          });
          expect(['a', 'b', 'c', 'd'].map((each) => queue.failures(each))).toEqual(
            ['a', 'b', 'c', 'd'].map((each) => model.failures.get(each) ?? 0),
          );
        }
      }),
      { numRuns: 300 },
    );
  });

  test('with several workers the last run of each key begins at or after its last add, and no two runs of a key overlap', async () => {
    const adds = fc.array(fc.record({ key, atMs: fc.nat(200) }), { maxLength: 40 });
    const shape = fc.record({
      workers: fc.integer({ min: 1, max: 4 }),
      workMs: fc.array(fc.nat(30), { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(adds, shape, async (list, { workers, workMs }) => {
        const { clock, queue } = aQueue();
        const lastAddMs = new Map<string, number>();
        const lastBeginMs = new Map<string, number>();
        const running = new Set<string>();
        let runs = 0;
        for (const { key: added, atMs } of list) {
          clock.after(atMs, () => {
            lastAddMs.set(added, clock.monotonicMs());
            queue.add(added);
          });
        }
        const work = async (): Promise<void> => {
          for (let item = await queue.take(never); item; item = await queue.take(never)) {
            const taken = item.key;
            expect(running).not.toContain(taken);
            running.add(taken);
            lastBeginMs.set(taken, clock.monotonicMs());
            await new Promise<void>((resolve) => void clock.after(workMs[runs++ % workMs.length] ?? 0, resolve));
            running.delete(taken);
            item.done();
          }
        };
        const all = Promise.all(Array.from({ length: workers }, work));
        await clock.runUntilIdle();
        queue.close();
        await all;
        expect([...lastBeginMs.keys()].sort()).toEqual([...lastAddMs.keys()].sort());
        for (const [each, addedMs] of lastAddMs) expect(lastBeginMs.get(each)).toBeGreaterThanOrEqual(addedMs);
      }),
      { numRuns: 100 },
    );
  });
});
