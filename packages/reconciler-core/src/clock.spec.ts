import { describe, expect, jest, test } from '@jest/globals';
import { getEventListeners } from 'node:events';
import { sleep, systemClock } from './clock.ts';
import { FakeClock } from './testing.ts';

describe('systemClock', () => {
  test('runs a callback later, and not when it was cancelled', async () => {
    const calls: string[] = [];
    const cancel = systemClock.after(0, () => calls.push('cancelled'));
    cancel();
    await new Promise<void>((resolve) => void systemClock.after(-5, resolve));
    expect(calls).toEqual([]);
  });

  test('a delay beyond the range of setTimeout does not fire at once', () => {
    jest.useFakeTimers();
    try {
      const callback = jest.fn();
      systemClock.after(3_000_000_000, callback);
      jest.advanceTimersByTime(2_999_999_999);
      expect(callback).not.toHaveBeenCalled();
      jest.advanceTimersByTime(1);
      expect(callback).toHaveBeenCalledTimes(1);
    } finally {
      jest.useRealTimers();
    }
  });

  test('its monotonic reading does not go back', () => {
    const before = systemClock.monotonicMs();
    expect(systemClock.monotonicMs()).toBeGreaterThanOrEqual(before);
  });
});

describe('sleep', () => {
  test('resolves at its time', async () => {
    const clock = new FakeClock();
    let isOver = false;
    const { signal } = new AbortController();
    void sleep(clock, 100, signal).then(() => (isOver = true));
    await clock.advance(99);
    expect(isOver).toBe(false);
    await clock.advance(1);
    expect(isOver).toBe(true);
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  test('rejects with the reason of an abort and leaves no timer', async () => {
    const clock = new FakeClock();
    const aborter = new AbortController();
    const sleeping = sleep(clock, 100, aborter.signal);
    aborter.abort(new Error('enough'));
    await expect(sleeping).rejects.toThrow('enough');
    await expect(sleep(clock, 100, aborter.signal)).rejects.toThrow('enough');
    expect(clock.pendingTimers).toBe(0);
  });
});
