import { describe, expect, test } from '@jest/globals';
import { silentLogger } from '../logger.ts';
import { noMetrics } from '../metrics.ts';
import type { Change } from '../source.ts';
import { FakeClock, fakeMetrics, FakeSource, recordingLogger, waitFor } from '../testing.ts';

describe('FakeClock', () => {
  test('runs timers in the order of their time, then of their making, and shows each its own time', async () => {
    const clock = new FakeClock();
    const startedMs = clock.monotonicMs();
    const fired: [string, number][] = [];
    const set = (name: string, ms: number): (() => void) =>
      clock.after(ms, () => fired.push([name, clock.monotonicMs() - startedMs]));
    set('late', 30);
    set('first of two', 10);
    set('second of two', 10);
    set('at once', -5);
    const cancel = set('cancelled', 20);
    cancel();
    cancel();
    expect([clock.pendingTimers, clock.nextTimerInMs]).toEqual([4, 0]);
    await clock.advance(29);
    expect(fired).toEqual([
      ['at once', 0],
      ['first of two', 10],
      ['second of two', 10],
    ]);
    await clock.advance(1);
    expect(fired.at(-1)).toEqual(['late', 30]);
    expect([clock.pendingTimers, clock.nextTimerInMs]).toEqual([0, undefined]);
  });

  test('lets promise chains set the next timer before it goes on', async () => {
    const clock = new FakeClock();
    let rounds = 0;
    const loop = async (): Promise<void> => {
      for (; rounds < 10; rounds += 1) {
        await new Promise<void>((resolve) => void clock.after(10, resolve));
        await new Promise<void>((resolve) => void setImmediate(resolve));
      }
    };
    void loop();
    await clock.advance(100);
    expect(rounds).toBe(10);
  });

  test('runUntilIdle ends with the last timer, and complains about a loop', async () => {
    const clock = new FakeClock();
    const startedMs = clock.monotonicMs();
    clock.after(5, () => void clock.after(7, () => {}));
    await clock.runUntilIdle();
    expect(clock.monotonicMs() - startedMs).toBe(12);
    const again = (): void => void clock.after(1, again);
    again();
    await expect(clock.runUntilIdle(20)).rejects.toThrow('1 timers pending after 20');
  });

  test('the wall clock can jump without touching durations', async () => {
    const clock = new FakeClock({ nowMs: 5000 });
    const startedMs = clock.monotonicMs();
    await clock.advance(100);
    expect(clock.nowMs()).toBe(5100);
    clock.setWallClock(0);
    await clock.advance(1);
    expect([clock.nowMs(), clock.monotonicMs() - startedMs]).toEqual([1, 101]);
    expect(new Date(new FakeClock().nowMs()).toISOString()).toBe('2026-01-01T00:00:00.000Z');
  });
});

describe('FakeSource', () => {
  test('delivers changes in order and replays the present objects to late subscribers', () => {
    const source = new FakeSource<number>({ objects: { a: 1 } });
    const early: Change<number>[] = [];
    const late: Change<number>[] = [];
    const stop = source.subscribe((change) => early.push(change));
    source.set('b', 2);
    source.update('a', (before) => before + 10);
    source.subscribe((change) => late.push(change));
    expect(source.delete('b')).toBe(true);
    expect(source.delete('b')).toBe(false);
    stop();
    source.set('c', 3);
    expect(early).toEqual([
      { kind: 'added', object: 1 },
      { kind: 'added', object: 2 },
      { kind: 'updated', before: 1, object: 11 },
      { kind: 'deleted', object: 2 },
    ]);
    expect(late).toEqual([
      { kind: 'added', object: 11 },
      { kind: 'added', object: 2 },
      { kind: 'deleted', object: 2 },
      { kind: 'added', object: 3 },
    ]);
    expect([source.get('a'), source.get('b')]).toEqual([11, undefined]);
    expect(source.list((value) => value > 5)).toEqual([11]);
    expect(source.keys()).toEqual(['a', 'c']);
    expect(source.subscribers).toBe(1);
    expect(() => source.update('b', (before) => before)).toThrow('no object b');
  });

  test('a listener that throws does not keep the change from the others', () => {
    const source = new FakeSource<number>();
    let seen = 0;
    source.subscribe(() => {
      throw new Error('x');
    });
    source.subscribe(() => (seen += 1));
    source.set('a', 1);
    expect(seen).toBe(1);
    expect(source.errors).toEqual([new Error('x')]);
  });

  test('is synced at once, or when the test says so', async () => {
    const patient = new AbortController().signal;
    await new FakeSource().synced(patient);
    const slow = new FakeSource({ synced: false });
    await expect(slow.synced(AbortSignal.abort(new Error('stop')))).rejects.toThrow('stop');
    slow.markSynced();
    await slow.synced(patient);
  });
});

describe('recordingLogger', () => {
  test('keeps lines with the fields of its parents', () => {
    const log = recordingLogger(4);
    const child = log.child({ controller: 'node' }).child({ key: 'a' });
    child.info('one', { n: 1 });
    child.warn('two');
    log.error('three');
    child.verbose(4, 'four');
    child.verbose(5, 'five');
    expect(log.lines).toEqual([
      { level: 'info', verbosity: 0, message: 'one', fields: { controller: 'node', key: 'a', n: 1 } },
      { level: 'warn', verbosity: 0, message: 'two', fields: { controller: 'node', key: 'a' } },
      { level: 'error', verbosity: 0, message: 'three', fields: {} },
      { level: 'verbose', verbosity: 4, message: 'four', fields: { controller: 'node', key: 'a' } },
    ]);
    expect([child.isVerbose(4), child.isVerbose(5)]).toEqual([true, false]);
  });
});

describe('fakeMetrics', () => {
  test('reads back by name and labels, whatever the order of the labels', () => {
    const metrics = fakeMetrics();
    const calls = metrics.counter({ name: 'calls', help: 'x', labels: ['verb', 'code'] });
    calls.inc({ verb: 'GET', code: '200' });
    metrics.counter({ name: 'calls', help: 'x' }).inc({ code: '200', verb: 'GET' }, 2);
    expect(metrics.value('calls', { code: '200', verb: 'GET' })).toBe(3);
    expect(metrics.value('calls')).toBeUndefined();

    const age = metrics.gauge({ name: 'age', help: 'x' });
    let current = 7;
    metrics.onScrape(() => age.set(current));
    expect(metrics.value('age')).toBe(7);
    current = 8;
    expect(metrics.value('age')).toBe(8);

    const size = metrics.gauge({ name: 'size', help: 'x' });
    size.set(1, { of: 'a' });
    size.remove({ of: 'a' });
    expect(metrics.value('size', { of: 'a' })).toBeUndefined();

    const took = metrics.histogram({ name: 'took', help: 'x', buckets: [1] });
    took.observe(0.5);
    took.observe(2);
    expect(metrics.observations('took')).toEqual([0.5, 2]);
    expect(metrics.observations('other')).toEqual([]);
    expect(metrics.names()).toEqual(['calls', 'age', 'size', 'took']);
  });
});

describe('waitFor', () => {
  test('resolves when the condition holds, also after errors', async () => {
    let looks = 0;
    const condition = (): boolean => {
      looks += 1;
      if (looks === 1) throw new Error('not there yet');
      return looks === 3;
    };
    await waitFor(condition, { what: 'the third look', everyMs: 1 });
    expect(looks).toBe(3);
  });

  test('says what it waited for, with the last error as the cause', async () => {
    const refused = new Error('connection refused');
    const never = waitFor(() => Promise.reject(refused), { what: 'the port to open', timeoutMs: 5, everyMs: 1 });
    await expect(never).rejects.toMatchObject({ message: 'waited 5 ms in vain for: the port to open', cause: refused });
  });
});

test('the silent logger and the absent metrics accept everything', () => {
  const log = silentLogger.child({ a: 1 });
  log.error('x');
  log.warn('x');
  log.info('x');
  log.verbose(9, 'x');
  expect(log.isVerbose(0)).toBe(false);
  noMetrics.counter({ name: 'x', help: 'x' }).inc();
  noMetrics.gauge({ name: 'x', help: 'x' }).set(1);
  noMetrics.histogram({ name: 'x', help: 'x', buckets: [] }).observe(1);
  let scrapes = 0;
  noMetrics.onScrape(() => (scrapes += 1));
  expect(scrapes).toBe(0);
});
