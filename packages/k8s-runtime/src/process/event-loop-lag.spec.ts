// A blocked event loop is measured and reported.
import { expect, test } from '@jest/globals';
import { FakeClock, fakeMetrics } from '@longshore/reconciler-core/testing';
import { EventLoopLag } from './event-loop-lag.ts';

class SlowClock extends FakeClock {
  #lateMs = 0;
  override monotonicMs(): number {
    return super.monotonicMs() + this.#lateMs;
  }
  block(ms: number): void {
    this.#lateMs += ms;
  }
}

test('the longest lag is a metric, and a problem when it is over the limit, for a minute', async () => {
  const clock = new SlowClock();
  const metrics = fakeMetrics();
  const lag = new EventLoopLag({ clock, metrics, limitMs: 5_000 });
  const stop = new AbortController();
  const ended = lag.run(stop.signal);
  await clock.advance(10_000);
  expect(metrics.value('nodejs_eventloop_lag_max_seconds')).toBe(0);
  clock.block(6_000);
  await clock.advance(500);
  expect(lag.check()).toBe('the event loop was blocked for 6000 ms (limit 5000 ms)');
  expect(metrics.value('nodejs_eventloop_lag_max_seconds')).toBe(6);
  expect(metrics.value('nodejs_eventloop_lag_max_seconds')).toBe(0);
  await clock.advance(60_500);
  expect(lag.check()).toBeUndefined();
  stop.abort();
  await ended;
  expect(clock.pendingTimers).toBe(0);
});

test('a short lag is no problem', async () => {
  const clock = new SlowClock();
  const lag = new EventLoopLag({ clock, metrics: fakeMetrics(), limitMs: 5_000 });
  void lag.run(new AbortController().signal);
  clock.block(4_000);
  await clock.advance(500);
  expect(lag.check()).toBeUndefined();
});
